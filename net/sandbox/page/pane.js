// One open chat. Several may be open side by side, each as its own person in that person's language.
import {Composer} from './composer.js';
import {openMenu} from './menu.js';
import {fillRow, setTicks} from './message.js';
import {PaySheet} from './pay.js';
import {actionLabel, typingDots} from './people.js';
import {el, isInvoiceLink, isPayload, startPayload} from './text.js';
import {day, label, languages, pageLanguage} from './words.js';

const shownAtMost = 500;

export class Pane {
  /// `world`: {api, users, busy, listening, connected, unread, commandsOf(code), activate, closePane, changed}.
  constructor(world) {
    this.world = world;
    this.root = document.getElementById('pane').content.firstElementChild.cloneNode(true);
    this.user = null;
    this.rows = new Map();
    this.atBottom = true;
    this.missed = 0;
    this.find = selector => this.root.querySelector(selector);
    this.box = this.find('.messages');
    this.label = (key, values) => label(this.language, key, values);
    // What messages need to know of their chat.
    this.press = this.press.bind(this);
    this.pay = this.pay.bind(this);
    this.follow = this.follow.bind(this);
    this.sheet = new PaySheet(this.find('.veil'), {label: this.label, toast: text => this.toast(text),
      stars: () => this.person.stars, pay: what => world.api('pay', {user_id: this.user, ...what})});
    this.say = text => this.send({text});
    this.composer = new Composer(this.find('.composer'), {label: this.label, toast: text => this.toast(text),
      commands: () => world.commandsOf(this.language, this.user), send: body => this.send(body)});
    this.listen();
  }

  get person() { return this.world.users.find(u => u.id === this.user); }
  get isGroup() { return !!this.person?.is_group; }
  /// In a group somebody speaks: the administrator, until another is chosen.
  get people() { return this.world.users.filter(u => !u.is_group); }
  get speaker() { return this.isGroup ? this.people.find(u => u.id === this.chosen) || this.people[this.people.length - 1] : this.person; }
  get language() { return this.speaker?.language_code || 'en'; }

  listen() {
    this.root.addEventListener('pointerdown', () => this.world.activate(this));
    this.root.addEventListener('focusin', () => this.world.activate(this));
    this.box.onscroll = () => this.scrolled();
    this.find('.down').onclick = () => { this.atBottom = true; this.toBottom(); };
    this.find('.back').onclick = () => document.body.classList.remove('in-chat');
    this.find('.close').onclick = () => this.world.closePane(this);
    this.find('.block').onclick = () => this.block(true);
    this.find('.only').onclick = () => this.person.blocked ? this.block(false) : this.begin(this.payload);
    this.find('.language').onchange = e => this.isGroup ? this.speakAs(Number(e.target.value)) : this.world.api('users',
      {id: this.user, first_name: this.person.first_name, language_code: e.target.value});
    this.box.addEventListener('click', e => {
      if (this.follow(e.target.closest('a')?.href)) e.preventDefault();
    });
    // The same menu as under the dots; links, films and marked text keep the browser's own.
    this.box.addEventListener('contextmenu', e => {
      const row = e.target.closest('.row:not(.grid)');
      if (!row || e.target.closest('a, video') || getSelection().toString()) return;
      e.preventDefault();
      this.actions(row.message, row.querySelector('.more'));
    });
    this.root.ondragover = e => { e.preventDefault(); this.root.classList.add('drop'); };
    this.root.ondragleave = e => { if (!this.root.contains(e.relatedTarget)) this.root.classList.remove('drop'); };
    this.root.ondrop = e => {
      e.preventDefault();
      this.root.classList.remove('drop');
      this.composer.takeAll([...e.dataTransfer.files]);
    };
    // Pictures, the composer and the screen change the height: whoever was at the end stays there.
    const watch = new ResizeObserver(() => this.keepBottom());
    watch.observe(this.box);
  }

  speakAs(id) {
    this.chosen = id;
    this.relabel();
  }

  // --- opening ---

  async open(id) {
    const unread = this.world.unread[id] || 0;
    this.replyTo(null);
    this.sheet.close();
    this.composer.change(this.user, id);
    this.user = id;
    this.payload = '';
    this.waiting = []; // Events of the time until the history is here.
    this.relabel();
    let messages = [];
    try {
      messages = await this.world.api('chat?user_id=' + id);
    } catch { /* The line about the sandbox says it. */ }
    if (this.user !== id) return;
    this.box.replaceChildren();
    this.rows.clear();
    this.atBottom = true;
    const recent = messages.slice(-shownAtMost);
    const fresh = recent.filter(m => m.from.is_bot).slice(-unread)[0];
    let mark = null;
    for (const m of recent) {
      this.put(m);
      if (unread > 0 && m === fresh) this.outer(m.message_id).before(mark = el('div', 'mark', this.label('unread')));
    }
    const late = this.waiting;
    this.waiting = null;
    late.forEach(e => this.take(e));
    this.updateState();
    this.toBottom();
    if (mark && mark.offsetTop < this.box.scrollTop) this.box.scrollTop = mark.offsetTop - 8;
    this.scrolled();
  }

  /// Every word of the page itself, after the person or their language has changed.
  relabel() {
    const person = this.person;
    if (!person) return;
    const said = this.saidIn;
    this.saidIn = this.language;
    this.root.lang = pageLanguage(this.language);
    this.root.setAttribute('aria-label', person.first_name);
    for (const [part, key] of [['back', 'back'], ['close', 'close'], ['block', 'block'], ['language', 'language'], ['down', 'down']]) {
      this.find('.' + part).title = this.label(key);
      this.find('.' + part).setAttribute('aria-label', this.label(key));
    }
    this.box.setAttribute('aria-label', this.label('messages'));
    this.root.dataset.drop = this.label('drop');
    this.find('.empty').textContent = this.label('empty');
    this.find('.who b').textContent = this.world.panes.length > 1 ? `${person.first_name} · Sandbox bot` : 'Sandbox bot';
    if (this.isGroup) this.find('.who b').textContent = person.first_name;
    const known = {...languages};
    known[this.language] ??= this.language;
    this.find('.language').replaceChildren(...Object.entries(known).map(([code, name]) => new Option(name, code)));
    this.find('.language').value = this.language;
    if (this.isGroup) {
      this.find('.language').replaceChildren(...this.people.map(u => new Option(u.first_name, u.id)));
      this.find('.language').value = this.speaker.id;
      this.find('.language').title = this.label('speaker');
    }
    this.composer.relabel();
    if (said && said !== this.language && !this.waiting) this.redraw();
    this.updateState();
  }

  redraw() {
    const messages = [...this.rows.values()].map(row => row.message);
    this.box.replaceChildren();
    this.rows.clear();
    messages.forEach(m => this.put(m));
  }

  updateState() {
    const person = this.person;
    if (!person) return;
    const empty = this.rows.size === 0 && !this.waiting;
    this.find('.empty').hidden = !empty || person.blocked;
    const only = person.blocked ? 'unblock' : (empty || this.payload) && !this.isGroup ? 'start' : '';
    this.find('.only').hidden = !only;
    this.find('.only').textContent = only && this.label(only);
    if (only === 'start' && this.payload) this.find('.only').append(el('small', '', this.payload));
    this.find('.composer').hidden = !!only;
    this.find('.block').hidden = person.blocked || this.isGroup;
    this.find('.empty').textContent = this.label(this.isGroup ? 'emptyGroup' : 'empty');
    const {connected, listening} = this.world;
    const trouble = !connected ? 'gone' : !listening ? 'offline' : '';
    this.find('.banner').hidden = !trouble;
    this.find('.banner').textContent = trouble && this.label(trouble);
    const action = this.world.busy[this.user];
    const status = this.find('.who small');
    status.textContent = !connected ? this.label('connecting') : action ? actionLabel(action, this.label)
      : this.label(person.blocked ? 'blocked' : this.isGroup ? 'group' : 'bot');
    if (connected && action) status.prepend(typingDots());
    status.classList.toggle('busy', connected && !!action);
    for (const row of this.rows.values()) setTicks(row, person.read_to || 0, this);
    this.sheet.refresh();
  }

  // --- messages ---

  put(m) {
    let row = this.rows.get(m.message_id);
    if (!row) {
      row = el('div');
      const date = day(this.language, new Date(m.date * 1000));
      if (this.box.lastDay !== date || this.rows.size === 0) this.box.append(el('div', 'day', date));
      this.box.lastDay = date;
      this.place(row, m);
      this.rows.set(m.message_id, row);
    }
    fillRow(row, m, this);
    setTicks(row, this.person?.read_to || 0, this);
  }

  /// Pictures and films of one album share a frame.
  place(row, m) {
    if (!m.media_group_id || !(m.photo || m.video)) return this.box.append(row);
    let grid = this.box.lastElementChild;
    if (grid?.dataset.album !== m.media_group_id) {
      grid = el('div', 'row grid' + (m.from.is_bot ? '' : ' out'));
      grid.dataset.album = m.media_group_id;
      this.box.append(grid);
    }
    grid.append(row);
  }

  take(e) {
    if (this.waiting) return this.waiting.push(e);
    const id = e.message.message_id;
    if (e.type === 'message') {
      const fresh = !this.rows.has(id);
      if (!e.message.from.is_bot) this.atBottom = true; // One's own message is always shown.
      this.put(e.message);
      if (fresh && !this.atBottom) ++this.missed;
    } else if (e.type === 'edit' && this.rows.has(id)) {
      this.put(e.message);
    } else if (e.type === 'delete') {
      this.rows.get(id)?.remove();
      this.rows.delete(id);
    } else if (e.type === 'toast') {
      this.answer(e.message);
    }
    this.updateState();
    this.keepBottom();
    this.showDown();
  }

  focus() {
    const only = this.find('.only');
    (only.hidden ? this.composer.text : only).focus({preventScroll: true});
  }

  toBottom() { this.box.scrollTop = this.box.scrollHeight; }
  keepBottom() { if (this.atBottom) this.toBottom(); }

  scrolled() {
    // Another size of the window scrolls too, but that is nobody's wish.
    const size = this.box.clientWidth + 'x' + this.box.clientHeight;
    if (size !== this.size) {
      this.size = size;
      return this.keepBottom();
    }
    this.atBottom = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 60;
    if (this.atBottom) this.missed = 0;
    this.showDown();
  }

  showDown() {
    const down = this.find('.down');
    down.hidden = this.atBottom;
    down.querySelector('.badge').hidden = this.missed === 0;
    down.querySelector('.badge').textContent = this.missed;
  }

  // --- what a person does ---

  /// @returns whether it was sent.
  async send(body) {
    if (this.person.blocked) return this.toast(this.label('blocked')), false;
    this.atBottom = true;
    this.find('.mark')?.remove();
    try {
      const reply = this.replying;
      this.replyTo(null);
      await this.world.api('send', {user_id: this.speaker.id, ...(this.isGroup && {chat_id: this.user}),
        ...(reply && {reply_to: reply.message_id}), ...body});
      return true;
    } catch {
      this.toast(this.label('notSent'));
      return false;
    }
  }

  // --- a message's menu ---

  actions(m, button) { openMenu(this, m, button); }

  replyTo(m) {
    this.replying = m;
    const line = this.find('.replying');
    line.hidden = !m;
    if (!m) return;
    line.querySelector('span').textContent = `${m.from.first_name}: ${m.text || m.caption || '…'}`;
    line.querySelector('button').setAttribute('aria-label', this.label('cancel'));
    line.querySelector('button').onclick = () => this.replyTo(null);
    this.composer.text.focus();
  }

  outer(id) { return this.rows.get(id)?.closest('.grid') || this.rows.get(id); }
  goTo(id) { this.outer(id)?.scrollIntoView({block: 'center'}); }

  async block(blocked) {
    this.find('.toast').classList.remove('on');
    try {
      await this.world.api('block', {user_id: this.user, blocked});
    } catch {
      this.toast(this.label('notSent'));
    }
  }

  async press(m, button, b) {
    if (this.person.blocked) return this.toast(this.label('blocked'));
    b.classList.add('wait');
    try {
      // The toast itself comes as an event, to every open page.
      const r = await this.world.api('press', {user_id: this.speaker.id, message_id: m.message_id, data: button.callback_data,
        ...(this.isGroup && {chat_id: this.user})});
      if (!r.answered) this.toast(this.label('noAnswer'));
    } catch {
      this.toast(this.label('notSent'));
    }
    b.classList.remove('wait');
  }

  pay(invoice, what) {
    if (this.person.blocked) return this.toast(this.label('blocked'));
    this.sheet.open(invoice, what);
  }

  /// Somebody came by a link that carries `payload`: as in Telegram, they still press Start.
  invite(payload) {
    this.payload = payload;
    this.updateState();
    this.focus();
  }

  begin(payload) {
    this.payload = '';
    this.say(payload ? '/start ' + payload : '/start');
    this.updateState();
  }

  /// A link that leads into this chat. @returns false when it leads elsewhere
  follow(url) {
    if (isInvoiceLink(url)) {
      this.payLink(url);
      return true;
    }
    const payload = startPayload(url, this.world.bot);
    if (payload === null || this.isGroup) return false;
    if (payload && !isPayload(payload)) this.toast(this.label('badPayload'));
    else if (this.person.blocked) this.toast(this.label('blocked'));
    else this.begin(payload);
    return true;
  }

  async payLink(link) {
    try {
      this.pay(await this.world.api('invoice', {link}), {link});
    } catch (e) {
      this.toast(this.label(e instanceof TypeError ? 'notSent' : e.message));
    }
  }

  answer({text, show_alert}) {
    if (!text) return;
    if (!show_alert) return this.toast(text);
    const dialog = document.getElementById('alert');
    dialog.lang = this.root.lang;
    dialog.querySelector('small').textContent = this.world.panes.length > 1 ? this.person.first_name : '';
    dialog.querySelector('p').textContent = text;
    if (!dialog.open) dialog.showModal();
  }

  toast(text) {
    const box = this.find('.toast');
    box.textContent = text;
    box.classList.add('on');
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => box.classList.remove('on'), 3500);
  }
}
