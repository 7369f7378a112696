// The fault panel's part for the engine itself: it is stopped, killed and started like in life.
import {el} from './text.js';

/// The sandbox's words for an end, in the page's language where they are known.
function inWords(exit, say) {
  const [, kind, n] = /^(exit code|ended by signal) (\d+)/.exec(exit || '') || [];
  return n ? say(kind === 'exit code' ? 'exitCode' : 'exitSignal', {n}) : exit || '';
}

/// `panel`: {say, group, failed(error), world: {api}}. @returns {parts, load, start}
export function engineParts(panel) {
  const {say, world: {api}} = panel;
  const state = el('p', 'state');
  state.setAttribute('role', 'status');
  const buttons = el('div', 'acts');
  const line = el('small');
  let now = {};

  const act = (what, fits) => {
    const b = el('button', what === 'kill' ? 'bad' : '', say('engine_' + what));
    b.type = 'button';
    b.title = say('engineLine_' + what);
    b.dataset.act = what;
    b.onclick = () => ask({do: what});
    b.fits = fits;
    return b;
  };
  const running = s => s.running;
  buttons.append(act('stop', running), act('kill', running), act('restart', running), act('start', s => !s.running));

  async function ask(body) {
    if (body) for (const b of buttons.children) b.disabled = true; // A stop takes a while: one press is enough.
    try {
      show(await api('engine', body));
    } catch (e) {
      panel.failed(e);
    }
    if (body) show(now);
  }

  function show(s) {
    now = s;
    buttons.hidden = state.hidden = !s.controlled;
    line.textContent = s.controlled ? '' : say('notControlled');
    line.hidden = !!s.controlled;
    state.classList.toggle('up', !!s.running);
    state.replaceChildren(el('i'), el('b', '', say(s.running ? 'engineRuns' : 'engineStands')),
      el('small', '', s.running ? say('engineFacts', {pid: String(s.pid), n: s.starts}) : inWords(s.exit, say)));
    for (const b of buttons.children) {
      b.disabled = false;
      b.hidden = !b.fits(s);
    }
  }

  state.hidden = buttons.hidden = true;
  return {parts: [panel.group('engine', state, buttons, line)], load: () => ask(),
    start: () => now.controlled && !now.running && ask({do: 'start'})};
}
