// The sheet over one chat in which a person pays with Stars, as Telegram's apps show it.

const states = {ask: 'confirm', waiting: 'paying', paid: 'done', refused: 'again', failed: 'again', few: 'closeSheet'};

export class PaySheet {
  /// `chat`: {label(key, values), toast, stars(), pay(what)}; pay's promise is the payment, or throws.
  constructor(root, chat) {
    Object.assign(this, {root, chat, state: '', turn: 0});
    this.find = selector => root.querySelector(selector);
    this.find('.confirm').onclick = () => this.confirm();
    this.find('.cancel').onclick = this.find('.icon').onclick = () => this.close();
    root.onclick = e => { if (e.target === root) this.close(); };
    root.onkeydown = e => { if (e.key === 'Escape') { e.stopPropagation(); this.close(); } };
  }

  /// `what` is what the sandbox needs to know which invoice it is: a message's id or a link.
  open(invoice, what) {
    Object.assign(this, {invoice, what, before: document.activeElement});
    ++this.turn; // What an earlier payment still has to say is no longer for this sheet.
    this.root.hidden = false;
    for (const e of this.root.parentElement.children) if (e !== this.root) e.inert = true;
    this.show(this.chat.stars() < invoice.total_amount ? 'few' : 'ask');
    this.find('.confirm').focus({preventScroll: true});
  }

  close() {
    if (this.root.hidden) return;
    this.root.hidden = true;
    clearTimeout(this.timer);
    for (const e of this.root.parentElement.children) e.inert = false;
    this.before?.focus?.({preventScroll: true});
  }

  show(state, trouble = '') {
    this.state = state;
    this.trouble = trouble;
    this.refresh();
  }

  /// Also after the language or the balance has changed.
  refresh() {
    if (this.root.hidden) return;
    const {title, description, total_amount: n} = this.invoice;
    const say = (key, more) => this.chat.label(key, {n, title, ...more});
    this.root.dataset.state = this.state;
    this.find('.sheet').setAttribute('aria-label', say('invoice'));
    this.find('.icon').title = say('closeSheet');
    this.find('.icon').setAttribute('aria-label', say('closeSheet'));
    this.find('.sign').textContent = this.state === 'paid' ? '✅' : '⭐';
    this.find('h2').textContent = this.state === 'paid' ? say('paid') : this.state === 'refused' ? say('refused') : title;
    this.find('.what').textContent = this.state === 'paid' ? say('paidLine') : this.state === 'refused' ? title : description;
    const [priceName, balanceName] = this.root.querySelectorAll('dt');
    const [price, balance] = this.root.querySelectorAll('dd');
    [priceName.textContent, balanceName.textContent] = [say('price'), say('balance')];
    [price.textContent, balance.textContent] = [say('stars'), say('stars', {n: this.chat.stars()})];
    const trouble = this.state === 'few' ? say('few', {n: n - this.chat.stars()})
      : this.state === 'failed' ? say('failed') : this.trouble;
    this.find('.trouble').textContent = trouble;
    this.find('.trouble').hidden = !trouble;
    this.find('.confirm').textContent = say(states[this.state]);
    this.find('.confirm').setAttribute('aria-disabled', this.state === 'waiting');
    this.find('.cancel').textContent = say('cancel');
    this.find('.cancel').hidden = ['paid', 'few', 'waiting'].includes(this.state);
  }

  async confirm() {
    if (this.state === 'waiting') return;
    if (this.state === 'paid' || this.state === 'few') return this.close();
    this.show('waiting');
    const turn = ++this.turn;
    let payment;
    try {
      payment = await this.chat.pay(this.what);
    } catch (e) {
      payment = {state: 'refused', error: this.chat.label(e instanceof TypeError ? 'notSent' : e.message)};
    }
    // Closed meanwhile, the sheet says it in passing; a success is in the chat anyway.
    if (turn !== this.turn || this.root.hidden) {
      if (payment.state !== 'paid') this.chat.toast(payment.error || this.chat.label('failed'));
      return;
    }
    this.show(payment.state === 'waiting' ? 'failed' : payment.state, payment.error);
    if (payment.state === 'paid') this.timer = setTimeout(() => this.close(), 2500);
  }
}
