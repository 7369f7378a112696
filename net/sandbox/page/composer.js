// The line at the bottom: text, photo, stickers, voice, and the commands offered after "/".
import {el, pieces} from './text.js';

const stickers = ['😀', '😍', '👍', '🎉', '🐱', '🔥', '😢', '🤖'];

/// Telegram's apps send photos as JPEG of a bounded size; so do we.
async function asJpeg(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, 1600 / Math.max(bitmap.width, bitmap.height));
  const canvas = el('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const paint = canvas.getContext('2d');
  paint.fillStyle = '#fff';
  paint.fillRect(0, 0, canvas.width, canvas.height);
  paint.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.88);
}

const asDataUrl = file => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = fail;
  reader.readAsDataURL(file);
});

/// What the sandbox is told of a file that is no photo.
async function asBody(file) {
  const kind = file.type.startsWith('video/') ? 'video' : file.type.startsWith('audio/') ? 'audio' : 'document';
  return {[kind + '_base64']: await asDataUrl(file), file_name: file.name, content_type: file.type};
}

export class Composer {
  /// `chat`: {label, toast, commands(), send(body)}; send's promise says whether it went out.
  constructor(form, chat) {
    Object.assign(this, {form, chat, photo: null, drafts: new Map()});
    for (const name of ['commands', 'stickers', 'attached', 'menu', 'clip', 'smile', 'send', 'mic'])
      this[name] = form.querySelector('.' + name);
    this.text = form.querySelector('textarea');
    this.file = form.querySelector('input');
    this.listen();
  }

  listen() {
    this.form.onsubmit = e => { e.preventDefault(); this.submit(); };
    this.text.onkeydown = e => this.key(e);
    this.text.oninput = () => { this.resize(); this.offer(); };
    this.clip.onclick = () => this.file.click();
    this.file.onchange = () => { this.takeAll([...this.file.files]); };
    this.attached.querySelector('button').onclick = () => { this.setPhoto(null); this.text.focus(); };
    this.menu.onclick = () => this.commands.hidden ? this.offer('/') : this.close();
    this.smile.onclick = () => {
      const show = this.stickers.hidden;
      this.close();
      this.stickers.hidden = !show;
    };
    this.mic.onclick = () => { this.close(); this.chat.send({voice_s: 3}); };
    this.form.addEventListener('focusout', e => { if (!this.form.contains(e.relatedTarget)) this.close(); });
    for (const emoji of stickers) {
      const b = el('button', '', emoji);
      b.type = 'button';
      b.onclick = () => { this.close(); this.chat.send({sticker: emoji}); };
      this.stickers.append(b);
    }
  }

  relabel() {
    const say = this.chat.label;
    const names = {menu: 'commands', clip: 'attach', smile: 'stickers', send: 'send', mic: 'mic'};
    for (const [part, key] of Object.entries(names)) {
      this[part].title = say(key);
      this[part].setAttribute('aria-label', say(key));
    }
    this.attached.querySelector('button').setAttribute('aria-label', say('remove'));
    this.commands.setAttribute('aria-label', say('commands'));
    this.attached.querySelector('span').textContent = say('photo');
    this.menu.hidden = this.chat.commands().length === 0;
    this.state();
  }

  /// What one person has begun to write stays theirs.
  change(from, to) {
    if (from) this.drafts.set(from, {text: this.text.value, photo: this.photo});
    const draft = this.drafts.get(to) || {text: '', photo: null};
    this.text.value = draft.text;
    this.setPhoto(draft.photo);
    this.close();
    this.resize();
  }

  close() {
    this.commands.hidden = this.stickers.hidden = true;
    this.text.removeAttribute('aria-activedescendant');
  }

  state() {
    const any = this.photo || this.text.value.trim();
    this.send.hidden = !any;
    this.mic.hidden = !!any;
    const words = this.chat.label(this.photo ? 'caption' : 'message');
    this.text.placeholder = words;
    this.text.setAttribute('aria-label', words);
  }

  resize() {
    this.text.style.height = 'auto';
    // While the line is not shown it has no height to measure.
    this.text.style.height = this.text.scrollHeight ? this.text.scrollHeight + 'px' : '';
    this.text.style.overflowY = this.text.scrollHeight > 160 ? 'auto' : 'hidden';
    this.state();
  }

  // --- commands ---

  offer(typed = this.text.value) {
    this.close();
    if (this.photo || !/^\/\w*$/.test(typed)) return;
    const fitting = this.chat.commands().filter(c => ('/' + c.command).startsWith(typed.toLowerCase()));
    this.commands.replaceChildren(...fitting.map((c, i) => {
      const b = el('button', i === 0 ? 'on' : '', '/' + c.command);
      b.type = 'button';
      b.setAttribute('role', 'option');
      b.append(el('span', '', c.description));
      b.onclick = () => this.choose(c.command);
      return b;
    }));
    this.commands.hidden = fitting.length === 0;
  }

  choose(command) {
    this.close();
    if (this.text.value.startsWith('/')) this.text.value = '';
    this.resize();
    this.text.focus();
    this.chat.send({text: '/' + command});
  }

  move(step) {
    const all = [...this.commands.children];
    const at = all.findIndex(b => b.classList.contains('on'));
    const next = (at + step + all.length) % all.length;
    all[at]?.classList.remove('on');
    all[next].classList.add('on');
    all[next].scrollIntoView({block: 'nearest'});
  }

  key(e) {
    if (e.isComposing) return;
    const offered = !this.commands.hidden;
    if (e.key === 'Escape') {
      if (offered || !this.stickers.hidden) this.close();
      else if (this.photo) this.setPhoto(null);
    } else if (offered && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      this.move(e.key === 'ArrowDown' ? 1 : -1);
    } else if (offered && (e.key === 'Tab' || e.key === 'Enter') && !e.shiftKey) {
      this.commands.querySelector('.on').click();
    } else if (e.key === 'Enter' && !e.shiftKey) {
      this.submit();
    } else {
      return;
    }
    e.preventDefault();
  }

  // --- sending ---

  async submit() {
    const text = this.text.value.trim();
    const photo = this.photo;
    if (!text && !photo) return;
    if (photo && [...text].length > 1024) return this.chat.toast(this.chat.label('longCaption'));
    this.text.value = '';
    this.setPhoto(null);
    this.close();
    this.resize();
    const bodies = photo ? [{photo_base64: photo, caption: text}] : pieces(text).map(one => ({text: one}));
    for (const [i, body] of bodies.entries()) {
      if (await this.chat.send(body)) continue;
      // What was not sent comes back, unless something new is being written already.
      if (this.text.value || this.photo) return;
      this.text.value = photo ? text : bodies.slice(i).map(b => b.text).join('\n');
      this.setPhoto(photo);
      this.resize();
      return;
    }
  }

  setPhoto(dataUrl) {
    this.photo = dataUrl;
    this.attached.hidden = !dataUrl;
    this.attached.querySelector('img').src = dataUrl || 'data:,';
    this.state();
  }

  /// Two to ten at once are an album; documents go one by one beside photos and videos.
  async takeAll(files) {
    this.file.value = '';
    if (files.length < 2) return this.take(files[0]);
    try {
      const album = await Promise.all(files.slice(0, 10).map(async f =>
        f.type.startsWith('image/') ? {photo_base64: await asJpeg(f)} : asBody(f)));
      const kind = b => (b.document_base64 ? 'document' : b.audio_base64 ? 'audio' : 'picture');
      const text = this.text.value.trim();
      if (text && [...text].length <= 1024) album[0].caption = text;
      const together = new Set(album.map(kind)).size === 1;
      const bodies = together ? [{album}] : album;
      let all = true;
      for (const body of bodies) all = await this.chat.send(body) && all;
      if (all && album[0].caption) this.text.value = '';
      this.resize();
    } catch {
      this.chat.toast(this.chat.label('badPhoto'));
    }
  }

  async take(file) {
    if (!file) return;
    if (!file.type.startsWith('image/')) {
      const body = await asBody(file);
      const text = this.text.value.trim();
      if (text) body.caption = text;
      if (await this.chat.send(body)) this.text.value = '';
      return this.resize();
    }
    try {
      this.setPhoto(await asJpeg(file));
      this.close();
      this.text.focus();
    } catch {
      this.chat.toast(this.chat.label('badPhoto'));
    }
  }
}
