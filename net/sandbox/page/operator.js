// The operator's panel: what the engine works on, what its book says, and what it says to the world.
import {CallList} from './calls.js';
import {SidePanel} from './panel.js';
import {el, icon} from './text.js';
import {hasLabel, pageLanguage} from './words.js';

const askEvery = 1000; // ms, while it is open
const way = ['pending', 'submitting', 'processing', 'fetching', 'delivering', 'completed'];
const tone = {completed: 'good', gifted: 'good', failed: 'bad', cancelled: 'bad', unknown: 'odd', overdue: 'odd', pending: 'quiet'};
const tabs = ['jobs', 'ledger', 'calls'];

export class OperatorPanel extends SidePanel {
  /// `world`: {api, language(), nameOf(user_id), toggled(open)}.
  constructor(root, world) { super(root, world, askEvery); }

  closed() { this.calls.stop(); }

  build() {
    this.saidIn = pageLanguage(this.world.language());
    this.root.lang = this.saidIn;
    this.root.setAttribute('aria-label', this.say('operator'));
    this.calls?.stop();
    Object.assign(this, {states: null, lastEntry: null, drawn: {}});
    const head = el('header');
    const close = el('button', 'icon');
    close.title = this.say('closePanel');
    close.setAttribute('aria-label', close.title);
    close.append(icon('close'));
    close.onclick = () => this.toggle(false);
    this.pulse = el('span', 'pulse');
    head.append(el('h2', '', this.say('operator')), this.pulse, close);
    this.why = el('p', 'trouble');
    this.why.setAttribute('role', 'status');
    this.why.hidden = true;
    this.strip = el('div', 'strip');
    this.jobs = el('ul', 'rows jobs');
    this.ledger = el('ul', 'rows ledger');
    this.calls = new CallList(this.world, this.say);
    const parts = {jobs: this.part('jobs', this.jobs), ledger: this.part('ledger', this.ledger), calls: this.calls.root};
    this.root.replaceChildren(head, this.why, this.strip, this.choice(), ...tabs.map(name => parts[name]));
    this.load();
    this.calls.start();
  }

  part(name, list) {
    const root = el('section', name);
    const head = el('div', 'title');
    head.append(el('h3', '', this.say('op_' + name)), el('small'));
    root.append(head, list);
    return root;
  }

  /// On a phone there is room for one part at a time.
  choice() {
    const box = el('div', 'choice tabs');
    box.setAttribute('role', 'radiogroup');
    box.setAttribute('aria-label', this.say('operator'));
    const show = name => {
      this.root.dataset.tab = name;
      [...box.children].forEach((b, i) => b.setAttribute('aria-checked', tabs[i] === name));
    };
    box.append(...tabs.map(name => {
      const b = el('button', '', this.say('op_' + name));
      b.setAttribute('role', 'radio');
      b.onclick = () => show(name);
      return b;
    }));
    show(this.root.dataset.tab || 'jobs');
    return box;
  }

  async load() {
    if (document.hidden || this.asking) return;
    this.asking = true;
    try {
      this.show(await this.world.api('operator'));
    } catch (e) {
      this.trouble(e instanceof TypeError ? this.say('notSent') : e.message);
    }
    this.asking = false;
  }

  trouble(text) {
    this.why.hidden = !text;
    this.why.textContent = text;
  }

  show(now) {
    this.trouble(now.why || (now.available ? '' : this.say('notAvailable')));
    this.pulse.classList.toggle('up', now.available && !now.why);
    this.showStrip(now);
    this.showJobs(now.jobs || []);
    this.showLedger(now.ledger || []);
  }

  /// Only what is different is drawn: whoever reads or marks text is not disturbed.
  changed(what, value) {
    const text = JSON.stringify(value);
    if (this.drawn[what] === text) return false;
    this.drawn[what] = text;
    return true;
  }

  // --- queue and lanes ---

  showStrip(now) {
    const queue = (now.queue || []).filter(q => q.waiting || q.running);
    if (!this.changed('strip', [queue, now.lanes])) return;
    const fact = (name, value, quiet) => {
      const e = el('span', 'fact' + (quiet ? ' quiet' : ''));
      e.append(el('span', '', name), el('b', '', value));
      return e;
    };
    const line = (key, facts) => {
      const e = el('div');
      e.append(el('h3', '', this.say(key)), ...facts);
      return e;
    };
    this.strip.replaceChildren(
      line('op_queue', queue.length ? queue.map(q => fact(q.model, this.say('queueOf', {waiting: q.waiting, running: q.running})))
        : [el('small', '', this.say('queueEmpty'))]),
      line('op_lanes', (now.lanes || []).map(l => fact(this.name('lane_', l.name), l.waiting.toLocaleString(this.saidIn), !l.waiting))));
  }

  name(kind, key) { return hasLabel(kind + key) ? this.say(kind + key) : key; }

  time(ms) { return new Date(ms).toLocaleTimeString(this.saidIn === 'ru' ? 'ru' : 'en-GB'); }

  // --- jobs ---

  showJobs(jobs) {
    if (!this.changed('jobs', jobs)) return;
    const before = this.states;
    this.states = new Map(jobs.map(j => [j.id, j.state]));
    this.jobs.replaceChildren(...jobs.map(j => this.jobRow(j, before && before.get(j.id) !== j.state)));
    if (!jobs.length) this.jobs.append(el('li', 'none', this.say('noJobs')));
    const open = jobs.filter(j => !['completed', 'failed', 'cancelled', 'gifted'].includes(j.state)).length;
    this.root.querySelector('section.jobs small').textContent = this.say('jobsOpen', {n: open});
  }

  jobRow(j, moved) {
    const row = el('li', 'job' + (moved ? ' moved' : ''));
    row.dataset.job = j.id;
    row.dataset.state = j.state;
    const head = el('div');
    const state = el('span', 'pill ' + (tone[j.state] || 'going'), this.name('job_', j.state));
    head.append(el('b', '', '#' + j.id), el('span', 'grow', `${this.world.nameOf(j.user_id)} · ${j.model}`), state);
    const at = way.indexOf(j.state);
    const path = el('div', 'path ' + (tone[j.state] || 'going'));
    path.setAttribute('aria-hidden', 'true');
    const reached = at >= 0 ? at : j.state === 'pending' ? 0 : way.length - 1;
    path.append(...way.map((_, i) => el('i', i <= reached ? 'on' : '')));
    const facts = [this.say('credits_', {n: j.price}), this.time(j.updated_at)];
    if (j.updated_at > j.created_at) facts.push(this.say('seconds', {n: Math.round((j.updated_at - j.created_at) / 1000)}));
    const foot = el('small', '', facts.join(' · '));
    if (j.outcome) foot.title = j.outcome;
    if (j.outcome && tone[j.state] !== 'good') foot.append(' · ', el('em', '', j.outcome));
    const second = el('div', 'second');
    second.append(path, foot);
    row.append(head, second);
    return row;
  }

  // --- the book ---

  showLedger(entries) {
    if (!this.changed('ledger', entries)) return;
    const newest = entries.reduce((most, e) => Math.max(most, e.id), 0);
    this.ledger.replaceChildren(...entries.map(e => this.entryRow(e, this.lastEntry !== null && e.id > this.lastEntry)));
    if (!entries.length) this.ledger.append(el('li', 'none', this.say('noEntries')));
    this.lastEntry = newest;
  }

  entryRow(e, fresh) {
    const row = el('li', 'entry' + (fresh ? ' moved' : ''));
    row.dataset.kind = e.kind;
    const amount = el('b', e.amount > 0 ? 'plus' : e.amount < 0 ? 'minus' : '', (e.amount > 0 ? '+' : e.amount < 0 ? '−' : '') + Math.abs(e.amount));
    const text = el('span', 'grow');
    text.append(el('span', '', this.world.nameOf(e.user_id)), ' ', el('small', '', [this.name('kind_', e.kind), e.note].filter(Boolean).join(' · ')));
    text.title = text.textContent;
    row.append(el('time', '', this.time(e.at)), text, amount);
    row.append(el('small', 'balance', Number.isInteger(e.balance) ? '= ' + e.balance : ''));
    return row;
  }
}
