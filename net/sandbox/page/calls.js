// Every HTTP call between the engine and the services, as it happens, with its request and answer.
import {el, icon} from './text.js';

const shownAtMost = 300;
const services = ['telegram', 'kie', 'yookassa', 'writer'];
const sleep = ms => new Promise(done => setTimeout(done, ms));

/// JSON is laid out; what is cut or no JSON stays as it came.
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/// The token is masked anyway and says nothing.
const shortPath = c => (c.service === 'telegram' && !c.out ? c.path.replace(/^\/bot[^/]*\//, '') : c.path);

export class CallList {
  /// `world`: {api}; `say(key, values)` gives the page's words.
  constructor(world, say) {
    Object.assign(this, {world, say, seq: 0, run: 0, paused: false, held: [], off: new Set(JSON.parse(sessionStorage.callsOff || '[]'))});
    this.root = el('section', 'calls');
    this.list = el('ul', 'rows');
    this.list.tabIndex = 0;
    this.list.setAttribute('aria-label', say('op_calls'));
    this.root.append(this.head(), this.list);
    this.filter();
  }

  head() {
    const head = el('div', 'title');
    const chips = el('div', 'chips');
    chips.append(...services.map(name => {
      const b = el('button', 'tag ' + name, this.say('service_' + name));
      b.type = 'button';
      b.setAttribute('aria-pressed', !this.off.has(name));
      b.onclick = () => {
        if (!this.off.delete(name)) this.off.add(name);
        b.setAttribute('aria-pressed', !this.off.has(name));
        sessionStorage.callsOff = JSON.stringify([...this.off]);
        this.filter();
      };
      return b;
    }));
    this.pause = el('button', 'icon pause');
    this.pause.onclick = () => this.hold(!this.paused);
    const clear = el('button', 'icon clear');
    clear.title = this.say('clearCalls');
    clear.setAttribute('aria-label', clear.title);
    clear.append(icon('clear'));
    clear.onclick = () => { this.list.replaceChildren(); };
    this.waiting = el('small');
    head.append(el('h3', '', this.say('op_calls')), this.waiting, this.pause, clear, chips);
    this.hold(false);
    return head;
  }

  hold(paused) {
    this.paused = paused;
    this.pause.replaceChildren(icon(paused ? 'play' : 'pause'));
    this.pause.title = this.say(paused ? 'goOn' : 'pauseCalls');
    this.pause.setAttribute('aria-label', this.pause.title);
    this.pause.setAttribute('aria-pressed', paused);
    if (!paused) this.add(this.held.splice(0));
    this.count();
  }

  count() { this.waiting.textContent = this.held.length ? this.say('heldCalls', {n: this.held.length}) : ''; }

  filter() {
    for (const name of services) this.list.classList.toggle('no-' + name, this.off.has(name));
  }

  start() { this.follow(++this.run); }
  stop() { ++this.run; }

  async follow(run) {
    while (run === this.run) {
      try {
        const answer = await this.world.api(`http?after=${this.seq}&wait_s=${document.hidden || this.seq === 0 ? 0 : 20}`);
        if (run !== this.run) return;
        if (answer.last_seq < this.seq) this.list.replaceChildren(); // Another run of the sandbox.
        this.seq = answer.last_seq;
        this.take(answer.calls);
        if (document.hidden || this.seq === 0) await sleep(1000);
      } catch {
        await sleep(1500);
      }
    }
  }

  take(calls) {
    if (!this.paused) return this.add(calls);
    this.held = [...this.held, ...calls].slice(-shownAtMost);
    this.count();
  }

  /// The newest is at the top; whoever reads further down stays where they read.
  add(calls) {
    if (!calls.length) return;
    const top = this.list.scrollTop < 8;
    const height = this.list.scrollHeight;
    this.list.prepend(...calls.slice(-shownAtMost).reverse().map(c => this.row(c)));
    while (this.list.children.length > shownAtMost) this.list.lastChild.remove();
    if (!top) this.list.scrollTop += this.list.scrollHeight - height;
  }

  row(c) {
    const li = el('li', 'call ' + c.service);
    li.dataset.service = c.service;
    const b = el('button');
    b.type = 'button';
    b.setAttribute('aria-expanded', 'false');
    const at = new Date(c.at);
    const time = el('time', '', at.toLocaleTimeString('en-GB') + '.' + String(at.getMilliseconds()).padStart(3, '0'));
    const status = el('span', 'status ' + (c.status >= 200 && c.status < 300 ? 'good' : 'bad'), c.status || '—');
    const path = el('span', 'grow', shortPath(c));
    path.title = `${c.method} ${c.path}`;
    b.append(time, el('span', 'tag ' + c.service, (c.out ? '← ' : '') + this.say('service_' + c.service)), path);
    if (c.fault) b.append(el('span', 'pill bad', this.say('fault_' + c.fault)));
    b.append(status, el('small', 'took', this.say('ms', {n: c.took_ms})));
    b.onclick = () => {
      const open = li.classList.toggle('open');
      b.setAttribute('aria-expanded', open);
      if (open) li.append(this.details(c));
      else li.lastChild.remove();
    };
    li.append(b);
    return li;
  }

  details(c) {
    const box = el('div', 'bodies');
    box.append(el('code', '', `${c.method} ${c.path}`));
    for (const [key, text] of [['request', c.request], ['response', c.response]])
      box.append(el('h4', '', this.say(key)), text ? el('pre', '', pretty(text)) : el('small', '', this.say('nothing')));
    return box;
  }
}
