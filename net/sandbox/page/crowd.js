// The panel's parts for the crowd and for Telegram's flood control, and the badge of violations.
import {el} from './text.js';

const seconds = 60;
const ns = 'http://www.w3.org/2000/svg';

/// `panel`: {say, group(title, ...), world: {api}, failed(error)}. @returns {parts, load, calm}
export function crowdParts(panel) {
  const {say, world: {api}} = panel;
  const send = async (path, body) => {
    try {
      await api(path, body);
    } catch (e) {
      panel.failed(e);
    }
    load();
  };
  const number = (key, value, most) => {
    const input = el('input');
    Object.assign(input, {type: 'number', min: 0, max: most, value, required: true});
    return [input, panel.field(key, input)];
  };

  const [blocked, blockedRow] = number('blockedShare', 0, 100);
  const start = el('input');
  start.type = 'checkbox';
  start.checked = true;
  const startRow = el('label', 'tick');
  startRow.append(start, el('span', '', say('crowdStarts')));
  const come = el('div', 'chips');
  for (const count of [1000, 100000]) {
    const b = el('button', '', say('come', {n: count}));
    b.type = 'button';
    b.onclick = () => panel.valid(blocked) &&
      send('crowd', {count, blocked_percent: Number(blocked.value), start: start.checked});
    come.append(b);
  }
  const forget = el('button', '', say('forgetCounts'));
  forget.type = 'button';
  forget.onclick = () => send('crowd/reset', {});
  come.append(forget);
  const figures = el('small', 'figures');
  const chart = document.createElementNS(ns, 'svg');
  chart.setAttribute('class', 'chart');
  chart.setAttribute('viewBox', `0 0 ${seconds} 24`);
  chart.setAttribute('preserveAspectRatio', 'none');
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', say('perSecond'));
  const curve = document.createElementNS(ns, 'polyline');
  chart.append(curve);

  const mode = el('select');
  for (const m of ['off', 'telegram', 'strict']) mode.append(new Option(say('flood_' + m), m));
  mode.onchange = () => send('flood', {mode: mode.value});
  const [calls, callsRow] = number('next429', 10, 100000);
  const [wait, waitRow] = number('retryAfter', 5, 100000);
  const faults = el('div', 'chips');
  const next = el('button', '', say('refuse429'));
  next.onclick = () => send('flood', {refuse_next: Number(calls.value), retry_after: Number(wait.value)});
  const storm = el('button', '', say('storm'));
  storm.onclick = () => send('flood', {storm_s: 30, storm_percent: 50, retry_after: Number(wait.value)});
  const calm = el('button', '', say('calm'));
  const still = () => send('flood', {refuse_next: 0, storm_s: 0, storm_percent: 0});
  calm.onclick = still;
  for (const b of [next, storm, calm]) b.type = 'button';
  faults.append(next, storm, calm);
  const found = el('small', 'figures');

  async function load() {
    try {
      const [c, f, v] = await Promise.all([api('crowd'), api('flood'), api('violations')]);
      const last = c.per_second;
      figures.textContent = say('crowdFigures', {users: c.users, received: c.received, repeats: c.repeats,
        refused: c.blocked_answers + c.deactivated_answers, starting: c.starting, rate: last[last.length - 1]});
      const most = Math.max(1, ...last);
      curve.setAttribute('points', last.map((n, i) => `${i},${23 - n / most * 22}`).join(' '));
      if (document.activeElement !== mode) mode.value = f.mode;
      found.textContent = [say('found', {n: v.total, refused: v.answers_429}),
        ...Object.entries(v.kinds).map(([text, n]) => `${n} × ${text}`)].join('\n');
    } catch (e) {
      panel.failed(e);
    }
  }
  return {load, calm: still, parts: [panel.group('crowd', blockedRow, startRow, come, figures, chart),
    panel.group('floodControl', mode, callsRow, waitRow, faults, found)]};
}
