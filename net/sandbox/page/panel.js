// What the panels beside the chats share: open and closed, asked again while open, drawn anew in another language.
import {label, pageLanguage} from './words.js';

/// A panel draws itself in `build()` and asks in `load()`; `closed()` ends what it has begun.
export class SidePanel {
  /// `world`: {language(), toggled(open), ...}; `askEvery`: ms.
  constructor(root, world, askEvery) {
    Object.assign(this, {root, world, askEvery, say: (key, values) => label(world.language(), key, values)});
    root.onkeydown = e => { if (e.key === 'Escape') this.toggle(false); };
  }

  toggle(open = this.root.hidden) {
    if (open === !this.root.hidden) return;
    this.root.hidden = !open;
    this.world.toggled(open);
    clearInterval(this.timer);
    if (!open) {
      this.closed();
      return this.before?.focus?.({preventScroll: true});
    }
    this.before = document.activeElement;
    this.build();
    this.timer = setInterval(() => this.load(), this.askEvery);
    this.root.querySelector('.icon').focus({preventScroll: true});
  }

  closed() {}

  relabel() {
    if (!this.root.hidden && this.saidIn !== pageLanguage(this.world.language())) this.build();
  }
}
