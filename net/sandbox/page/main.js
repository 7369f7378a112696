// The list of people, the open panes, and the stream of events that feeds them.
import {FaultPanel} from './faults.js';
import {OperatorPanel} from './operator.js';
import {Pane} from './pane.js';
import {listed} from './people.js';
import {troubled} from './services.js';
import {Speed} from './speed.js';
import {isPayload} from './text.js';
import {label, languages, pageLanguage} from './words.js';

const $ = id => document.getElementById(id);
const mostPanes = 3;

const world = {
  users: [], panes: [], active: null, unread: JSON.parse(sessionStorage.unread || '{}'), busy: {},
  commands: [], bot: 'sandbox_bot', seq: 0, started: 0, connected: true, listening: true,
  api, activate, closePane,
  /// A chat's own commands go before everybody's.
  commandsOf(language, chat) {
    const own = c => c.scope?.type === 'chat' && Number(c.scope.chat_id) === chat;
    const common = c => !['chat', 'chat_member', 'chat_administrators'].includes(c.scope?.type);
    const find = (fits, code) => world.commands.find(c => fits(c) && c.language_code === code);
    const of = code => find(common, code);
    const special = find(own, language) || find(own, '');
    if (special) return special.commands;
    return (of(language) || of('') || {commands: []}).commands;
  },
};

async function api(path, body) {
  const options = body && {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
  const res = await fetch('/sandbox/' + path, options);
  const data = await res.json();
  if (!res.ok) throw new Error(data.error || data.description || res.status);
  return data;
}

const personOf = id => world.users.find(u => u.id === id);
const paneOf = id => world.panes.find(p => p.user === id);
const language = () => world.active?.language || navigator.language;

// --- the list ---

function renderPeople() {
  const focused = [...$('list').querySelectorAll('button')].indexOf(document.activeElement);
  $('list').replaceChildren(...world.users.map(u => listed(u, world, language(), show)));
  if (focused >= 0) $('list').querySelectorAll('button')[focused]?.focus();
  for (const [id, key] of [['add', 'add'], ['faults-button', 'openFaults'], ['operator-button', 'openOperator']]) {
    $(id).title = label(language(), key);
    $(id).setAttribute('aria-label', $(id).title);
  }
  faults.relabel();
  operator.relabel();
  speed.relabel();
  document.documentElement.lang = pageLanguage(language());
  const n = Object.values(world.unread).reduce((a, b) => a + b, 0);
  document.title = (n ? `(${n}) ` : '') + 'Sandbox chat';
  sessionStorage.unread = JSON.stringify(world.unread);
}

let rendering = 0;
/// Many events, one drawing.
function changed() {
  rendering ||= requestAnimationFrame(() => { rendering = 0; renderPeople(); });
}

async function loadPeople() {
  world.users = await api('users');
  world.panes.forEach(p => p.relabel());
  renderPeople();
}

// --- panes ---

function activate(pane) {
  if (world.active === pane) return;
  world.active = pane;
  seen(pane);
  arrange();
}

function seen(pane) {
  if (!document.hidden && pane?.user) delete world.unread[pane.user];
}

function arrange() {
  for (const p of world.panes) p.root.classList.toggle('on', p === world.active);
  document.body.classList.toggle('many', world.panes.length > 1);
  history.replaceState(null, '', '#' + world.panes.map(p => p.user).join(','));
  changed();
}

function addPane() {
  const pane = new Pane(world);
  world.panes.push(pane);
  $('panes').append(pane.root);
  return pane;
}

function closePane(pane) {
  if (world.panes.length < 2) return;
  world.panes = world.panes.filter(p => p !== pane);
  pane.root.remove();
  if (world.active === pane) world.active = world.panes[0];
  world.panes.forEach(p => p.relabel());
  arrange();
}

async function show(id, beside = false) {
  document.body.classList.add('in-chat');
  let pane = paneOf(id);
  if (!pane) {
    pane = beside && world.panes.length < mostPanes ? addPane() : world.active;
    const opened = pane.open(id);
    world.active = pane;
    world.panes.forEach(p => p.relabel());
    seen(pane);
    arrange();
    await opened;
  }
  activate(pane);
  if (matchMedia('(pointer: fine)').matches) pane.focus();
}

const speed = new Speed($('speed'), {api, language});
const faults = new FaultPanel($('faults'), {api, language,
  toggled: open => turned('faults', open),
  usual: () => Promise.all([speed.choose(1), ...world.users.filter(u => u.blocked).map(u => api('block', {user_id: u.id, blocked: false}))]),
  insert(text) {
    const box = world.active.composer.text;
    box.value = (box.value + ' ' + text).trimStart();
    box.dispatchEvent(new Event('input', {bubbles: true}));
    if (phone.matches) faults.toggle(false);
    else box.focus({preventScroll: true});
  }});
const operator = new OperatorPanel($('operator'), {api, language, toggled: open => turned('operator', open),
  nameOf: id => personOf(id)?.first_name || String(id)});
const sides = {faults, operator};

/// One panel at a time: there is a chat beside it.
function turned(name, open) {
  $(name + '-button').setAttribute('aria-pressed', open);
  if (open) for (const other of Object.keys(sides)) if (other !== name) sides[other].toggle(false);
  sessionStorage.side = open ? name : sessionStorage.side === name ? '' : sessionStorage.side || '';
}
for (const name of Object.keys(sides)) {
  $(name + '-button').onclick = () => sides[name].toggle();
  $(name + '-button').setAttribute('aria-pressed', false);
}

$('add').onclick = () => {
  const form = $('person').querySelector('form');
  const say = key => label(language(), key);
  form.querySelector('h2').textContent = say('add');
  for (const [i, key] of ['name', 'language', 'cameBy'].entries()) form.querySelectorAll('label span')[i].textContent = say(key);
  form.querySelector('label small').textContent = say('cameByLine');
  const [no, yes] = form.querySelectorAll('button');
  no.textContent = say('cancel');
  yes.textContent = say('create');
  no.onclick = () => $('person').close('no');
  form.elements.language.replaceChildren(...Object.entries(languages).map(([c, n]) => new Option(n, c)));
  form.elements.name.value = form.elements.start.value = '';
  $('person').returnValue = '';
  $('person').showModal();
};
$('person').onclose = async () => {
  const {name, language: code, start} = $('person').querySelector('form').elements;
  if ($('person').returnValue !== 'yes' || !name.value.trim()) return;
  const user = await api('users', {first_name: name.value.trim(), language_code: code.value});
  await loadPeople();
  await show(user.id);
  if (isPayload(start.value)) world.active.invite(start.value);
};

document.addEventListener('paste', e => {
  const files = [...e.clipboardData.files];
  if (!files.length || !world.active || world.active.find('.composer').hidden) return;
  e.preventDefault();
  world.active.composer.takeAll(files);
});
// A file dropped beside a chat must not replace the page.
document.addEventListener('dragover', e => e.preventDefault());
document.addEventListener('drop', e => e.preventDefault());
document.addEventListener('visibilitychange', () => { seen(world.active); changed(); });

// --- events ---

const busyTimers = {};
function setBusy(user, action) {
  world.busy[user] = action;
  clearTimeout(busyTimers[user]);
  if (action) busyTimers[user] = setTimeout(() => setBusy(user, ''), 5500);
  paneOf(user)?.updateState();
  changed();
}

const phone = matchMedia('(max-width: 680px)');
const visible = pane => pane && !document.hidden &&
  (!phone.matches || (pane === world.active && document.body.classList.contains('in-chat')));

const handlers = {
  message(e) {
    const u = personOf(e.user_id);
    if (u) u.last_message = e.message;
    if (e.message.from.is_bot) {
      setBusy(e.user_id, '');
      if (!visible(paneOf(e.user_id))) world.unread[e.user_id] = (world.unread[e.user_id] || 0) + 1;
    }
  },
  edit(e) {
    const u = personOf(e.user_id);
    if (u?.last_message?.message_id === e.message.message_id) u.last_message = e.message;
  },
  delete() { return loadPeople(); },
  read(e) {
    const u = personOf(e.user_id);
    if (u) u.read_to = e.message.message_id;
  },
  stars(e) {
    const u = personOf(e.user_id);
    if (u) u.stars = e.message.balance;
  },
  action(e) { setBusy(e.user_id, e.message.action); },
  commands(e) { world.commands = e.message; world.panes.forEach(p => p.relabel()); },
  user() { return loadPeople(); },
  blocked() { return loadPeople(); },
};

const sleep = ms => new Promise(done => setTimeout(done, ms));

/// A tab in the background asks now and then: browsers allow six connections to one place, and other
/// tabs may be other people.
async function follow() {
  for (;;) {
    try {
      const hidden = document.hidden;
      const events = await api(`events?after=${world.seq}&wait_s=${hidden ? 0 : 20}`);
      for (const e of events) {
        world.seq = e.seq;
        await handlers[e.type]?.(e);
        paneOf(e.user_id)?.take(e);
      }
      if (events.length) changed();
      if (hidden) await sleep(1500);
    } catch {
      await sleep(1000);
    }
  }
}

async function watch() {
  for (;;) {
    await sleep(document.hidden ? 5000 : 2000);
    let {connected, listening} = world;
    try {
      const bot = await api('bot');
      if (bot.started !== world.started) {
        delete sessionStorage.unread; // Another run of the sandbox: what was here is gone.
        return location.reload();
      }
      [connected, listening] = [true, bot.listening];
      await speed.load();
      const {services} = await api('services');
      $('faults-button').classList.toggle('live', Object.values(services).some(troubled));
      const {total, kinds} = await api('violations');
      $('violations').textContent = total;
      $('violations').hidden = total === 0;
      $('violations').classList.toggle('bad', total > 0);
      $('violations').title = [label(language(), 'violations', {n: total}),
        ...Object.entries(kinds).map(([text, n]) => `${n} × ${text}`)].join('\n');
    } catch {
      connected = false;
    }
    if (connected === world.connected && listening === world.listening) continue;
    Object.assign(world, {connected, listening});
    world.panes.forEach(p => p.updateState());
  }
}

async function main() {
  const bot = await api('bot');
  Object.assign(world, {seq: bot.last_seq, started: bot.started, listening: bot.listening, bot: bot.username || world.bot});
  speed.load();
  world.commands = await api('commands');
  world.users = await api('users');
  const payload = new URLSearchParams(location.search).get('start');
  history.replaceState(null, '', location.pathname + location.hash); // Loaded again it is no new invitation.
  const asked = location.hash.slice(1).split(',').map(Number).filter(personOf).slice(0, mostPanes);
  const ids = asked.length ? [...new Set(asked)] : [world.users[0].id];
  if (asked.length || payload) document.body.classList.add('in-chat');
  for (const id of ids) {
    const pane = addPane();
    world.active ||= pane;
    pane.user = id;
  }
  await Promise.all(world.panes.map((p, i) => p.open(ids[i])));
  world.panes.forEach(p => p.relabel());
  if (visible(world.active)) seen(world.active);
  if (isPayload(payload)) world.active.invite(payload);
  arrange();
  if (!phone.matches) sides[sessionStorage.side]?.toggle(true);
  follow();
  watch();
}
main();
