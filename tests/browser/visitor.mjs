// A person at the page: what they see and press. Every step waits for what it needs, never for a time.
import {until} from './stage.mjs';

const limit = 30000;

export class Visitor {
  /// Watches every request and every complaint of the page from its first moment.
  static async come(browser, stage, options = {}) {
    const context = await browser.newContext({viewport: {width: 1280, height: 800}, colorScheme: 'light', locale: 'en-GB',
      timezoneId: 'Europe/Moscow', reducedMotion: 'no-preference', ...options});
    context.setDefaultTimeout(limit);
    const visitor = new Visitor();
    Object.assign(visitor, {context, stage, foreign: [], complaints: [], page: await context.newPage()});
    context.on('request', r => {
      const url = new URL(r.url());
      if (url.origin !== stage.base && !['data:', 'blob:'].includes(url.protocol)) visitor.foreign.push(r.url());
    });
    visitor.page.on('console', m => { if (['error', 'warning'].includes(m.type())) visitor.complaints.push(`${m.text()} ${m.location().url}`); });
    visitor.page.on('pageerror', e => visitor.complaints.push(String(e)));
    return visitor;
  }

  async open(where = '/') {
    await this.page.goto(this.stage.base + where);
    await this.page.locator('.chat.on .who b').first().waitFor();
  }

  find(selector, options) { return this.page.locator(selector, options); }
  chat(selector, options) { return this.page.locator('.chat.on ' + selector, options); }

  /// The newest message that holds the text.
  async sees(text) {
    const row = this.chat('.row', {hasText: text}).last();
    await row.waitFor();
    return row;
  }

  /// The answer: it stands below all else.
  async hears(text) { await this.chat('.messages > .row:not(.out):last-child', {hasText: text}).waitFor(); }

  count(text) { return this.chat('.row', {hasText: text}).count(); }

  async says(text) {
    await this.chat('textarea').fill(text);
    await this.chat('.send').click();
    await this.chat('.row.out', {hasText: text}).last().waitFor();
  }

  /// The newest key with that label, under a message that holds the text: an older one may have the same keys.
  async presses(label, under = '') {
    await this.chat('.row:not(.out)', {hasText: under}).locator('.keys button', {hasText: label}).last().click();
  }

  /// A video is there to be watched when its time goes on.
  async plays(row) {
    await row.locator('.play').click();
    await until('the video plays', () => row.locator('video').evaluate(v => v.currentTime > 0.2 && v.videoWidth > 0));
  }

  /// Nothing may reach below what is seen, or beside it.
  async fits() {
    return this.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight);
  }

  async background() { return this.page.evaluate(() => getComputedStyle(document.body).backgroundColor); }
  async leave() { await this.context.close(); }
}
