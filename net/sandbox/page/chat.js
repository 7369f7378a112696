'use strict';
const $ = id => document.getElementById(id);
const state = {users: [], user: null, messages: new Map(), commands: [], seq: 0, photo: null, unread: {}, busy: {}};

async function api(path, body) {
  const options = body && {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
  const res = await fetch('/sandbox/' + path, options);
  const data = await res.json();
  if (!res.ok) throw new Error(data.error || res.status);
  return data;
}

function el(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// --- text: entities become elements, so nothing a bot sends is ever parsed as HTML ---

const tags = {bold: 'b', italic: 'i', underline: 'u', strikethrough: 's', code: 'code', pre: 'pre', spoiler: 'span',
  blockquote: 'blockquote', expandable_blockquote: 'blockquote', text_link: 'a', url: 'a'};

function entityElement(entity, text) {
  const e = el(tags[entity.type] || 'span');
  if (entity.type === 'spoiler') {
    e.className = 'spoiler';
    e.onclick = () => e.classList.toggle('open');
  }
  const url = entity.type === 'text_link' ? entity.url : entity.type === 'url' ? text : '';
  if (/^(https?|tg|mailto):/i.test(url)) {
    e.href = url;
    e.target = '_blank';
    e.rel = 'noopener noreferrer';
  }
  return e;
}

function appendFormatted(parent, text, entities, from, to) {
  let at = from;
  for (let i = 0; i < entities.length; ++i) {
    const {offset, length} = entities[i];
    if (offset < at || offset >= to) continue;
    parent.append(text.slice(at, offset));
    const end = Math.min(offset + length, to);
    const child = entityElement(entities[i], text.slice(offset, end));
    appendFormatted(child, text, entities.slice(i + 1), offset, end);
    parent.append(child);
    at = end;
    // A block ends its line by itself.
    if (/^(PRE|BLOCKQUOTE)$/.test(child.tagName) && text[at] === '\n' && at < to) ++at;
  }
  parent.append(text.slice(at, to));
}

// --- one message ---

const fileUrl = id => '/sandbox/file/' + encodeURIComponent(id);

function media(m) {
  if (m.photo) {
    const img = el('img');
    img.src = fileUrl(m.photo[m.photo.length - 1].file_id);
    img.alt = 'Photo';
    img.onload = keepBottom;
    return img;
  }
  if (m.video) {
    const video = el('video');
    Object.assign(video, {controls: true, playsInline: true, preload: 'metadata', src: fileUrl(m.video.file_id)});
    video.setAttribute('playsinline', '');
    if (m.video.thumbnail) video.poster = fileUrl(m.video.thumbnail.file_id);
    if (m.video.width && m.video.height) video.style.aspectRatio = m.video.width + '/' + m.video.height;
    video.onloadedmetadata = keepBottom;
    return video;
  }
  if (m.sticker) return el('div', 'sticker', m.sticker.emoji);
  if (m.document) {
    const link = el('a', '', '📄 ' + (m.document.file_name || 'file'));
    link.href = fileUrl(m.document.file_id);
    return link;
  }
  return null;
}

function keyboard(m) {
  const box = el('div', 'keys');
  for (const row of m.reply_markup.inline_keyboard) {
    const line = el('div');
    for (const button of row) {
      const b = el('button', '', button.text + (button.url ? ' ↗' : ''));
      b.onclick = () => button.url ? window.open(button.url, '_blank', 'noopener') : press(m, button, b);
      line.append(b);
    }
    box.append(line);
  }
  return box;
}

function render(m) {
  const row = el('div', m.from.is_bot ? 'row' : 'row out');
  row.id = 'm' + m.message_id;
  const bubble = el('div', 'bubble');
  const picture = media(m);
  if (picture) bubble.append(picture);
  const text = m.text ?? m.caption;
  if (text) {
    const body = el('span', 'body');
    appendFormatted(body, text, m.entities || m.caption_entities || [], 0, text.length);
    bubble.append(body);
  }
  const clock = new Date(m.date * 1000).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  bubble.append(el('time', '', (m.edit_date ? 'edited ' : '') + clock + (m.from.is_bot ? '' : ' ✓✓')));
  row.append(bubble);
  if (m.reply_markup) row.append(keyboard(m));
  return row;
}

let atBottom = true;
const box = $('messages');
box.onscroll = () => { atBottom = box.scrollHeight - box.scrollTop - box.clientHeight < 80; };
function keepBottom() { if (atBottom) box.scrollTop = box.scrollHeight; }

function show(m) {
  const old = $('m' + m.message_id);
  if (old) old.replaceWith(render(m));
  else box.append(render(m));
  state.messages.set(m.message_id, m);
  $('start').classList.remove('on');
  keepBottom();
}

// --- people ---

function summary(u) {
  const m = u.last_message;
  if (!m) return 'No messages yet';
  return m.text || m.caption || (m.photo ? '🖼 Photo' : m.video ? '🎬 Video' : 'Message');
}

function renderPeople() {
  $('list').replaceChildren(...state.users.map(u => {
    const li = el('li', u.id === state.user ? 'on' : '');
    const avatar = el('span', 'avatar', [...u.first_name][0] || '?');
    const hue = u.id * 47 % 360;
    avatar.style.background = `linear-gradient(hsl(${hue} 75% 66%), hsl(${hue} 60% 46%))`;
    const text = el('div');
    text.append(el('b', '', u.first_name), el('small', '', summary(u)));
    li.append(avatar, text);
    if (state.unread[u.id]) li.append(el('span', 'badge', state.unread[u.id]));
    li.onclick = () => { document.body.classList.add('in-chat'); openChat(u.id); };
    return li;
  }));
  const u = state.users.find(x => x.id === state.user);
  $('block').textContent = u && u.blocked ? 'Unblock' : 'Block';
}

async function loadPeople() {
  state.users = await api('users');
  renderPeople();
}

async function openChat(id) {
  state.user = id;
  state.unread[id] = 0;
  location.hash = id;
  renderPeople();
  renderCommands();
  renderStatus();
  const messages = await api('chat?user_id=' + id);
  if (state.user !== id) return;
  box.replaceChildren();
  state.messages.clear();
  atBottom = true;
  $('start').classList.toggle('on', messages.length === 0);
  messages.forEach(show);
}

$('add').onclick = async () => {
  const name = prompt('Name of the new person');
  if (!name) return;
  const language = prompt('Language code', 'ru') || 'en';
  const user = await api('users', {first_name: name, language_code: language});
  await loadPeople();
  openChat(user.id);
};
$('back').onclick = () => document.body.classList.remove('in-chat');
$('block').onclick = async () => {
  const u = state.users.find(x => x.id === state.user);
  await api('block', {user_id: u.id, blocked: !u.blocked});
};

// --- toasts, actions, commands ---

let toastTimer;
function toast(text) {
  $('toast').textContent = text;
  $('toast').classList.add('on');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => $('toast').classList.remove('on'), 3000);
}

function answer(t) {
  if (!t.text) return;
  if (!t.show_alert) return toast(t.text);
  $('alert').querySelector('p').textContent = t.text;
  if (!$('alert').open) $('alert').showModal();
}

async function press(m, button, b) {
  b.classList.add('wait');
  try {
    // The toast itself comes as an event, to every open page.
    const r = await api('press', {user_id: state.user, message_id: m.message_id, data: button.callback_data});
    if (!r.answered) toast('The bot did not answer');
  } catch (e) {
    toast(e.message);
  }
  b.classList.remove('wait');
}

function renderStatus() {
  const action = state.busy[state.user];
  const [verb, what = ''] = (action || '').split('_');
  const words = {typing: 'typing', upload: 'sending', record: 'recording'};
  $('status').textContent = action ? `${words[verb] || 'working'} ${what}`.trim() + '…' : 'bot';
  $('status').classList.toggle('busy', !!action);
}

const busyTimers = {};
function setBusy(user, action) {
  state.busy[user] = action;
  clearTimeout(busyTimers[user]);
  if (action) busyTimers[user] = setTimeout(() => setBusy(user, ''), 5000);
  renderStatus();
}

function renderCommands() {
  const user = state.users.find(u => u.id === state.user);
  const of = code => state.commands.find(c => c.language_code === code);
  const found = (user && of(user.language_code)) || of('') || {commands: []};
  $('menu').hidden = found.commands.length === 0;
  $('commands').replaceChildren(...found.commands.map(c => {
    const b = el('button', '', '/' + c.command);
    b.append(el('span', '', c.description));
    b.onclick = () => { $('commands').hidden = true; say('/' + c.command); };
    return b;
  }));
}
$('menu').onclick = () => { $('commands').hidden = !$('commands').hidden; };

// --- sending ---

async function say(text) {
  const body = {user_id: state.user};
  if (state.photo) Object.assign(body, {photo_base64: state.photo, caption: text});
  else if (text) body.text = text;
  else return;
  setPhoto(null);
  atBottom = true;
  try {
    await api('send', body);
  } catch (e) {
    toast(e.message);
  }
}

function setPhoto(dataUrl) {
  state.photo = dataUrl;
  $('attached').hidden = !dataUrl;
  $('attached').querySelector('img').src = dataUrl || 'data:,';
}

function take(file) {
  if (!file || !file.type.startsWith('image/')) return;
  const reader = new FileReader();
  reader.onload = () => { setPhoto(reader.result); $('text').focus(); };
  reader.readAsDataURL(file);
}

$('composer').onsubmit = e => {
  e.preventDefault();
  const text = $('text').value.trim();
  $('text').value = '';
  $('text').style.height = '';
  say(text);
};
$('text').onkeydown = e => {
  if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  $('composer').requestSubmit();
};
$('text').oninput = () => {
  $('text').style.height = 'auto';
  $('text').style.height = $('text').scrollHeight + 'px';
};
$('start').querySelector('button').onclick = () => say('/start');
$('attach').onclick = () => $('file').click();
$('file').onchange = () => { take($('file').files[0]); $('file').value = ''; };
$('attached').querySelector('button').onclick = () => setPhoto(null);
document.onpaste = e => take([...e.clipboardData.files][0]);
$('chat').ondragover = e => { e.preventDefault(); $('chat').classList.add('drop'); };
$('chat').ondragleave = e => { if (!$('chat').contains(e.relatedTarget)) $('chat').classList.remove('drop'); };
$('chat').ondrop = e => { e.preventDefault(); $('chat').classList.remove('drop'); take(e.dataTransfer.files[0]); };

// --- events ---

const handlers = {
  message(e) {
    const u = state.users.find(x => x.id === e.user_id);
    if (u) u.last_message = e.message;
    if (e.message.from.is_bot) setBusy(e.user_id, '');
    if (e.user_id === state.user) show(e.message);
    else if (e.message.from.is_bot) state.unread[e.user_id] = (state.unread[e.user_id] || 0) + 1;
    renderPeople();
  },
  edit(e) {
    if (e.user_id === state.user) show(e.message);
  },
  delete(e) {
    if (e.user_id !== state.user) return;
    $('m' + e.message.message_id)?.remove();
    state.messages.delete(e.message.message_id);
  },
  toast(e) { if (e.user_id === state.user) answer(e.message); },
  action(e) { setBusy(e.user_id, e.message.action); },
  commands(e) { state.commands = e.message; renderCommands(); },
  user() { loadPeople(); },
  blocked() { loadPeople(); },
};

async function follow() {
  for (;;) {
    try {
      const events = await api(`events?after=${state.seq}&wait_s=20`);
      for (const e of events) {
        state.seq = e.seq;
        handlers[e.type]?.(e);
      }
      if (events.length === 0 && (await api('stats')).last_seq < state.seq) location.reload(); // A new server.
    } catch {
      await new Promise(done => setTimeout(done, 1000));
    }
  }
}

async function main() {
  state.seq = (await api('stats')).last_seq;
  state.commands = await api('commands');
  await loadPeople();
  const wanted = Number(location.hash.slice(1));
  await openChat(state.users.some(u => u.id === wanted) ? wanted : state.users[0].id);
  follow();
}
main();
