// The fault panel's part for the services: how each of them answers, with ready troubles and exact figures.
import {el} from './text.js';

const order = ['telegram', 'kie', 'yookassa', 'writer'];
const usual = {latency_ms: 0, lose_percent: 0, late_percent: 0, refuse_percent: 0, malformed_percent: 0};
const statuses = [400, 401, 402, 403, 404, 408, 422, 429, 451, 455, 500, 502, 503, 504, 505];
/// One press plays them; a second one ends them.
const ready = [
  ['slow', {latency_ms: 2000}], ['lossy', {lose_percent: 30}], ['lateAnswers', {late_percent: 30}],
  ['429', {refuse_percent: 100, refuse_status: 429}], ['500', {refuse_percent: 100, refuse_status: 500}],
  ['503', {refuse_percent: 100, refuse_status: 503}], ['malformed', {malformed_percent: 100}],
];
const figures = [['latency_ms', 'delay', 120000], ['lose_percent', 'loses', 100], ['late_percent', 'lateSuccess', 100],
  ['malformed_percent', 'malformedAnswers', 100], ['refuse_percent', 'refuses', 100]];

const plays = (now, what) => Object.entries(what).every(([name, v]) => now[name] === v);
const ended = what => Object.fromEntries(Object.keys(what).filter(name => name in usual).map(name => [name, 0]));

/// What goes wrong there now, in a few words.
function inShort(now, say) {
  const parts = [];
  if (now.latency_ms) parts.push(say('ms', {n: now.latency_ms}));
  for (const [name, key] of [['lose_percent', 'loses'], ['late_percent', 'lateSuccess'], ['malformed_percent', 'malformedAnswers']])
    if (now[name]) parts.push(`${say(key)} ${now[name]} %`);
  if (now.refuse_percent) parts.push(`${now.refuse_status} ${now.refuse_percent} %`);
  return parts.join(' · ');
}

export const troubled = now => Object.keys(usual).some(name => now[name] > 0);

/// `panel`: {say, valid(input), failed(error), world: {api}}. @returns {parts, load, reset}
export function serviceParts(panel) {
  const {say, world: {api}} = panel;
  const boxes = {};

  async function ask(body) {
    try {
      show((await api('services', body)).services);
    } catch (e) {
      panel.failed(e);
    }
  }

  function box(name) {
    const change = values => ask({services: {[name]: values}});
    const root = el('details', 'provider');
    const summary = el('summary');
    const state = el('small');
    summary.append(el('b', '', say('service_' + name)), state);
    const chips = el('div', 'chips');
    const buttons = ready.map(([key, what]) => {
      const b = el('button', '', say(key));
      b.type = 'button';
      b.onclick = () => change(b.getAttribute('aria-pressed') === 'true' ? ended(what) : what);
      chips.append(b);
      return [b, what];
    });
    const status = el('select');
    status.setAttribute('aria-label', say('status'));
    status.append(...statuses.map(n => new Option(n, n)));
    status.onchange = () => change({refuse_status: Number(status.value)});
    const inputs = figures.map(([field, key, most]) => {
      const input = el('input');
      Object.assign(input, {type: 'number', min: 0, max: most, step: 1, required: true});
      input.onchange = () => panel.valid(input) && change({[field]: Number(input.value)});
      const row = el('label', 'field');
      row.append(el('span', '', say(key) + (field === 'latency_ms' ? ', ' + say('msUnit') : ', %')), input);
      return [field, input, row];
    });
    const refuse = el('div', 'field with');
    refuse.append(el('span', '', say('status')), status);
    root.append(summary, chips, ...inputs.map(([, , row]) => row), refuse);
    const set = now => {
      root.classList.toggle('wrong', troubled(now));
      state.textContent = inShort(now, say) || say('none_');
      for (const [b, what] of buttons) b.setAttribute('aria-pressed', plays(now, what));
      for (const [field, input] of inputs) if (document.activeElement !== input) input.value = now[field];
      if (document.activeElement === status) return;
      if (![...status.options].some(o => Number(o.value) === now.refuse_status)) status.append(new Option(now.refuse_status));
      status.value = now.refuse_status;
    };
    return {root, set};
  }

  function show(services) {
    for (const name of order) if (services[name]) boxes[name].set(services[name]);
  }

  for (const name of order) boxes[name] = box(name);
  const group = panel.group('services', el('small', '', say('servicesLine')), ...order.map(name => boxes[name].root));
  return {parts: [group], load: () => ask(), reset: () => ask({reset: true})};
}
