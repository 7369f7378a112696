// The panel in which a person decides what goes wrong. Every change is sent at once.
import {crowdParts} from './crowd.js';
import {engineParts} from './engine.js';
import {SidePanel} from './panel.js';
import {serviceParts} from './services.js';
import {el, icon} from './text.js';
import {pageLanguage} from './words.js';

const all = -1;
const askEvery = 2000; // ms, while it is open
const markers = ['[[hang]]', '[[late]]', '[[fail:violation]]', '[[fail:violation:person]]', '[[fail:violation:minor]]',
  '[[fail:violation:copyright]]', '[[fail:violation:sensitive]]', '[[fail:temporary]]', '[[fail:unknown]]', '[[fail:billing]]',
  '[[fail:input]]', '[[submit:429]]', '[[submit:402]]', '[[submit:500]]', '[[submit:input]]', '[[submit:paused]]', '[[submit:lost]]'];

/// A secret's middle says nothing to people.
const shortKey = key => (key.length > 20 ? key.slice(0, 8) + '…' + key.slice(-6) : key);

export class FaultPanel extends SidePanel {
  /// `world`: {api, language(), insert(text), usual(), toggled(open)}; `usual` ends what is none of the panel's.
  constructor(root, world) { super(root, world, askEvery); }

  // --- talking to the sandbox ---

  async load() {
    if (document.hidden) return;
    for (const part of this.loaded) part.load();
    await this.ask();
  }

  /// Everything that was made wrong here is made right again.
  async usual() {
    this.trouble('');
    await Promise.all([this.services.reset(), this.crowd.calm(), this.engine.start(), this.world.usual(),
      this.change({refuse_next: 0, lose_next: 0, latency_ms: 0, fail_percent: 0, all_late: false, enforce_rate: true,
        keys: (this.state?.keys || []).filter(k => k.refused).map(k => ({key: k.key, refused: false}))})]);
  }

  change(values) { return this.ask(values); }

  async ask(values) {
    const turn = this.turn = (this.turn || 0) + 1;
    try {
      const state = await this.world.api('kie', values);
      if (turn !== this.turn) return; // A newer question is on its way.
      if (values || this.unreachable) this.trouble('');
      this.unreachable = false;
      this.show(state);
    } catch (e) {
      this.failed(e);
    }
  }

  failed(e) {
    this.unreachable = e instanceof TypeError;
    this.trouble(this.unreachable ? this.say('notSent') : this.say('notTaken', {why: e.message}));
  }

  trouble(text) {
    this.alert.hidden = !text;
    this.alert.textContent = text;
  }

  /// In the page's language: the browser's own words are in the browser's.
  valid(input) {
    if (input.checkValidity()) return true;
    this.trouble(input.min === '' ? this.say('noNumber') : this.say('outOfRange', {least: Number(input.min), most: Number(input.max)}));
    return false;
  }

  // --- drawing ---

  build() {
    this.saidIn = pageLanguage(this.world.language());
    this.setters = [];
    this.root.lang = this.saidIn;
    this.root.setAttribute('aria-label', this.say('faults'));
    const head = el('header');
    const close = el('button', 'icon');
    close.title = this.say('closePanel');
    close.setAttribute('aria-label', close.title);
    close.append(icon('close'));
    close.onclick = () => this.toggle(false);
    head.append(el('h2', '', this.say('faults')), close);
    this.alert = el('p', 'trouble');
    this.alert.setAttribute('role', 'alert');
    this.alert.hidden = true;
    const body = el('div', 'groups');
    this.loaded = [this.engine = engineParts(this), this.services = serviceParts(this), this.crowd = crowdParts(this)];
    for (const part of this.loaded) part.load();
    body.append(...this.engine.parts, ...this.services.parts, this.answers(), this.lost(), this.tasks(), this.keys(), this.marks(),
      ...this.crowd.parts);
    const foot = el('footer');
    const usual = el('button', 'usual', this.say('asUsual'));
    usual.onclick = () => this.usual();
    foot.append(usual);
    this.root.replaceChildren(head, this.alert, body, foot);
    this.ask();
  }

  /// What a person is just changing stays as it is.
  show(state) {
    this.state = state;
    for (const set of this.setters) set(state);
  }

  group(title, ...parts) {
    const group = el('fieldset');
    group.append(el('legend', '', this.say(title)), ...parts);
    return group;
  }

  field(key, input) {
    const row = el('label', 'field');
    row.append(el('span', '', this.say(key)), input);
    return row;
  }

  /// `times`: what is shown for one unit of the setting.
  number(name, least, most, times = 1) {
    const input = el('input');
    Object.assign(input, {type: 'number', min: least, max: most, step: times === 1 ? 1 : 'any', required: true});
    input.onchange = () => this.valid(input) && this.change({[name]: Math.round(input.value * times)});
    this.follow(input, s => { input.value = s.settings[name] / times; });
    return input;
  }

  tick(name, key) {
    const row = el('label', 'tick');
    const input = el('input');
    input.type = 'checkbox';
    input.onchange = () => this.change({[name]: input.checked});
    this.setters.push(s => { input.checked = s.settings[name]; });
    row.append(input, el('span', '', this.say(key)));
    return row;
  }

  follow(input, set) {
    this.setters.push(s => { if (document.activeElement !== input) set(s); });
  }

  /// None, the next few, or all.
  count(name) {
    const row = el('div', 'count');
    const which = el('select');
    which.append(new Option(this.say('none_'), 'none'), new Option(this.say('next'), 'next'), new Option(this.say('all'), 'all'));
    which.setAttribute('aria-label', this.say('howMany'));
    const n = el('input');
    Object.assign(n, {type: 'number', min: 1, max: 1000000, value: 1, required: true});
    n.setAttribute('aria-label', this.say('howMany'));
    const send = () => {
      n.hidden = which.value !== 'next';
      if (which.value === 'next' && !this.valid(n)) return;
      this.change({[name]: which.value === 'none' ? 0 : which.value === 'all' ? all : Number(n.value)});
    };
    which.onchange = n.onchange = send;
    this.setters.push(({settings}) => {
      if (n === document.activeElement) return;
      const left = settings[name];
      which.value = left === 0 ? 'none' : left === all ? 'all' : 'next';
      n.hidden = left <= 0;
      if (left > 0) n.value = left;
    });
    row.append(which, n);
    return row;
  }

  answers() {
    const ready = el('select');
    const code = this.number('refuse_code', 100, 999);
    const text = el('textarea');
    Object.assign(text, {rows: 3, maxLength: 500});
    text.onchange = () => this.change({refuse_msg: text.value});
    ready.onchange = () => {
      const one = this.state.usual_refusals[ready.value];
      if (one) this.change({refuse_code: one.code, refuse_msg: one.msg});
    };
    this.follow(text, s => { text.value = s.settings.refuse_msg; });
    this.follow(ready, s => {
      if (ready.options.length === 0)
        ready.append(new Option(this.say('ownAnswer'), 'own'), ...s.usual_refusals.map((r, i) => new Option(`${r.code} · ${r.msg}`, i)));
    });
    this.setters.push(({settings, usual_refusals: usual}) => {
      const i = usual.findIndex(r => r.code === settings.refuse_code && r.msg === settings.refuse_msg);
      ready.value = i < 0 ? 'own' : i;
    });
    return this.group('answers', this.count('refuse_next'), this.field('readyAnswer', ready), this.field('code', code),
      this.field('text', text));
  }

  lost() { return this.group('lost', this.count('lose_next'), el('small', '', this.say('lostLine'))); }

  tasks() {
    return this.group('tasks', this.field('takes', this.number('generation_ms', 0, 3600, 1000)),
      this.field('failing', this.number('fail_percent', 0, 100)), this.field('latency', this.number('latency_ms', 0, 120000)),
      this.tick('all_late', 'allLate'), this.tick('enforce_rate', 'rate'));
  }

  keys() {
    const list = el('ul', 'keyring');
    let drawn = '';
    this.setters.push(({keys}) => {
      const names = JSON.stringify(keys.map(k => k.key));
      if (names !== drawn) list.replaceChildren(...keys.map(k => this.keyRow(k.key)));
      drawn = names;
      keys.forEach((k, i) => list.children[i].show(k));
    });
    const add = el('form', 'line');
    const name = el('input');
    Object.assign(name, {placeholder: this.say('newKey'), required: true, maxLength: 200, autocomplete: 'off'});
    name.setAttribute('aria-label', this.say('newKey'));
    add.append(name, el('button', 'text', this.say('create')));
    add.onsubmit = e => {
      e.preventDefault();
      this.change({keys: [{key: name.value.trim()}]});
      name.value = '';
    };
    return this.group('keys', el('small', '', this.say('keysLine')), list, add);
  }

  keyRow(key) {
    const row = el('li');
    const credits = el('input');
    // No least value: what tasks cost may exceed what a person has just set.
    Object.assign(credits, {type: 'number', step: 'any', required: true});
    credits.setAttribute('aria-label', `${this.say('credits')}: ${shortKey(key)}`);
    credits.onchange = () => this.valid(credits) && this.change({keys: [{key, credits: Number(credits.value)}]});
    const refused = el('input');
    refused.type = 'checkbox';
    refused.onchange = () => this.change({keys: [{key, refused: refused.checked}]});
    const tick = el('label', 'tick');
    tick.append(refused, el('span', '', this.say('refusedKey')));
    const made = el('small');
    const first = el('div', 'line'), second = el('div', 'line');
    first.append(el('b', '', shortKey(key)), credits);
    second.append(tick, made);
    row.append(first, second);
    row.show = k => {
      if (document.activeElement !== credits) credits.value = k.credits;
      refused.checked = k.refused;
      made.textContent = this.say('made', {n: k.creates}) + (k.too_fast ? ', ' + this.say('tooFast', {n: k.too_fast}) : '');
    };
    return row;
  }

  marks() {
    const chips = el('div', 'chips');
    for (const mark of markers) {
      const chip = el('button', '', mark);
      chip.onclick = () => this.world.insert(mark);
      chips.append(chip);
    }
    return this.group('marks', el('small', '', this.say('marksLine')), chips);
  }
}
