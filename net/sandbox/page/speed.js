// Time-lapse: how many times faster than in life videos are made.
import {el} from './text.js';
import {label} from './words.js';

const choices = [1, 10, 60];

export class Speed {
  /// `world`: {api, language()}.
  constructor(root, world) {
    Object.assign(this, {root, world, times: 1});
    const box = root.querySelector('.choice');
    this.buttons = choices.map(n => {
      const b = el('button', '', '×' + n);
      b.setAttribute('role', 'radio');
      b.onclick = () => this.choose(n);
      return b;
    });
    box.append(...this.buttons);
    box.onkeydown = e => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
      if (!step) return;
      e.preventDefault();
      const next = (choices.indexOf(this.times) + step + choices.length) % choices.length;
      this.choose(choices[next]);
      this.buttons[next].focus();
    };
  }

  /// Another page may have changed it.
  load() { return this.ask(); }
  choose(times) { return this.ask({times}); }

  async ask(body) {
    try {
      this.show((await this.world.api('speed', body)).times);
    } catch { /* The line over the chat says that the sandbox does not answer. */ }
  }

  show(times) {
    this.root.hidden = false;
    this.times = times;
    this.buttons.forEach((b, i) => {
      b.setAttribute('aria-checked', choices[i] === times);
      b.tabIndex = choices[i] === times ? 0 : -1;
    });
    this.relabel();
  }

  relabel() {
    const say = key => label(this.world.language(), key);
    this.root.querySelector('span').textContent = say('speed');
    this.root.title = say('speedLine');
    this.root.querySelector('.choice').setAttribute('aria-label', say('speed'));
  }
}
