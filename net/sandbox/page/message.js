// One message as elements. A later edit goes into the same row, so a playing video plays on.
import {appendFormatted, el, icon, isBigEmoji, isWebAddress} from './text.js';
import {clock, label} from './words.js';

const fileUrl = id => '/sandbox/file/' + encodeURIComponent(id);
const minutes = s => Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0');

/// The room a picture gets before it has come, so that nothing jumps.
function fit(e, width, height) {
  if (!width || !height) return;
  const scale = Math.min(420 / width, 380 / height);
  e.style.width = Math.max(Math.round(width * scale), 160) + 'px';
  e.style.aspectRatio = width + '/' + height;
}

function photo(sizes, chat) {
  const {file_id, width, height} = sizes[sizes.length - 1];
  const button = el('button', 'media');
  button.type = 'button';
  button.setAttribute('aria-label', chat.label('open'));
  const img = el('img');
  img.alt = '';
  fit(button, width, height);
  img.src = fileUrl(file_id);
  button.append(img);
  button.onclick = () => {
    const viewer = document.getElementById('viewer');
    viewer.querySelector('img').src = img.src;
    viewer.onclick = () => viewer.close();
    viewer.showModal();
  };
  return button;
}

function video({file_id, width, height, duration, thumbnail}, chat) {
  const box = el('div', 'media');
  const player = el('video');
  Object.assign(player, {playsInline: true, preload: 'metadata', src: fileUrl(file_id)});
  if (thumbnail) player.poster = fileUrl(thumbnail.file_id);
  fit(box, width, height);
  const length = el('span', 'length', minutes(duration || 0));
  const play = el('button', 'play');
  play.type = 'button';
  play.setAttribute('aria-label', `${chat.label('play')}, ${length.textContent}`);
  play.append(icon('play'));
  play.onclick = () => {
    play.remove();
    length.remove();
    player.controls = true;
    player.play().catch(() => {});
    player.focus();
  };
  box.append(player, play, length);
  return box;
}

function voice({duration}, chat) {
  const box = el('div', 'voice');
  box.setAttribute('role', 'img');
  box.setAttribute('aria-label', `${chat.label('voice')}, ${minutes(duration)}`);
  const bars = el('span', 'bars');
  for (const h of [5, 9, 14, 8, 17, 20, 12, 16, 9, 19, 13, 7, 15, 10, 6, 12, 8, 4]) {
    const bar = el('i');
    bar.style.height = h + 'px';
    bars.append(bar);
  }
  const sign = el('span', 'sign');
  sign.append(icon('mic'));
  box.append(sign, bars, el('small', '', minutes(duration)));
  return box;
}

/// Whose words these are, and what they answer.
function heads(m, chat) {
  const parts = [];
  const origin = m.forward_origin;
  if (origin) {
    const name = origin.sender_user?.first_name || origin.sender_user_name || origin.chat?.title || origin.sender_chat?.title || '?';
    parts.push(el('div', 'forwarded', chat.label('forwardedFrom', {name})));
  }
  const to = m.reply_to_message;
  if (to) {
    const quote = el('button', 'quote');
    quote.type = 'button';
    quote.append(el('b', '', to.from.first_name), el('span', '', summary({...to, from: {...to.from, is_bot: true}}, chat.label)));
    quote.onclick = () => chat.goTo(to.message_id);
    parts.push(quote);
  }
  return parts;
}

function media(m, chat) {
  if (m.photo) return photo(m.photo, chat);
  if (m.video || m.animation) return video(m.video || m.animation, chat);
  if (m.voice) return voice(m.voice, chat);
  if (m.sticker) return el('div', 'sticker', m.sticker.emoji);
  const file = m.document || m.audio;
  if (!file) return null;
  const link = el('a', 'file', (m.audio ? '🎵 ' : '📄 ') + (file.file_name || 'file'));
  link.href = fileUrl(file.file_id);
  return link;
}

const mediaKey = m =>
  (m.photo?.[m.photo.length - 1] || m.video || m.animation || m.voice || m.sticker || m.document || m.audio)?.file_id ?? '';

/// An invoice without buttons of the bot's has one to pay.
const rowsOf = (m, chat) => m.reply_markup?.inline_keyboard ||
  (m.invoice ? [[{text: chat.label('pay', {n: m.invoice.total_amount}), pay: true}]] : null);

function act(m, button, b, chat) {
  if (button.pay) return chat.pay(m.invoice, {message_id: m.message_id});
  if (chat.follow(button.url)) return;
  if (button.url) return isWebAddress(button.url) && window.open(button.url, '_blank', 'noopener');
  chat.press(m, button, b);
}

function keyboard(m, chat) {
  const box = el('div', 'keys');
  for (const row of rowsOf(m, chat)) {
    const line = el('div');
    for (const button of row) {
      // Telegram draws its star for both.
      const text = button.pay ? button.text.replace('XTR', '⭐') : button.text;
      const b = el('button', button.url ? 'away' : '', text);
      b.type = 'button';
      b.onclick = () => act(m, button, b, chat);
      line.append(b);
    }
    box.append(line);
  }
  return box;
}

function invoice({title, description, total_amount: n}, chat) {
  const box = el('div', 'body invoice');
  box.dir = 'auto';
  box.append(el('b', '', title), el('span', '', description),
    el('small', '', `${chat.label('invoice')} · ${chat.label('stars', {n})}`));
  return box;
}

const service = (m, say) => {
  const {total_amount: n, title} = m.successful_payment || m.refunded_payment || {};
  return n && say(m.successful_payment ? 'paidLine' : 'refundLine', {n, title});
};

function bubble(m, chat) {
  const b = el('div', 'bubble');
  if (m.invoice) b.append(invoice(m.invoice, chat));
  const text = m.text ?? m.caption;
  if (text) {
    const body = el('div', 'body' + (m.text && isBigEmoji(m.text) ? ' big' : ''));
    body.dir = 'auto';
    appendFormatted(body, text, m.entities || m.caption_entities || [], chat.say);
    b.append(body);
  }
  if (m.sticker) b.classList.add('bare');
  else if (!text && !m.forward_origin && !m.reply_to_message && (m.photo || m.video || m.animation)) b.classList.add('frame');
  const foot = el('span', 'foot');
  // As in Telegram, a message with buttons changes without a word about it.
  if (m.edit_date && !m.reply_markup) foot.append(chat.label('edited') + ' ');
  const time = el('time', '', clock(chat.language, new Date(m.date * 1000)));
  time.dateTime = new Date(m.date * 1000).toISOString();
  foot.append(time);
  const more = el('button', 'more', '⋯');
  more.type = 'button';
  more.title = chat.label('actions');
  more.setAttribute('aria-label', more.title);
  more.onclick = () => chat.actions(m, more);
  foot.append(more);
  if (!m.from.is_bot) foot.append(el('span', 'ticks'));
  (b.querySelector('.body') || b).append(foot);
  return b;
}

/// `chat` says words and sends: {language, label, press, pay, follow, say}.
export function fillRow(row, m, chat) {
  const line = service(m, chat.label);
  if (line) {
    row.message = m;
    row.className = 'day service';
    row.textContent = line;
    return;
  }
  const focused = [...row.querySelectorAll('.keys button')].indexOf(document.activeElement);
  const key = mediaKey(m);
  const picture = row.pictureKey === key && row.picture || media(m, chat);
  Object.assign(row, {message: m, picture, pictureKey: key});
  row.className = 'row' + (m.from.is_bot ? '' : ' out') + (rowsOf(m, chat) ? ' keyed' : '');
  const old = row.querySelector('.bubble');
  const fresh = bubble(m, chat);
  if (picture && old?.contains(picture)) {
    // A video that leaves the page, even for a moment, stops: only what is around it is new.
    while (old.lastChild !== picture) old.lastChild.remove();
    old.append(...fresh.childNodes);
    old.className = fresh.className;
  } else {
    if (picture) fresh.prepend(picture);
    if (old) old.replaceWith(fresh);
    else row.append(fresh);
  }
  row.querySelectorAll('.bubble > :is(.forwarded, .quote, .author)').forEach(e => e.remove());
  row.querySelector('.bubble').prepend(...(chat.isGroup && !m.from.is_bot ? [el('b', 'author', m.from.first_name)] : []), ...heads(m, chat));
  if (m.media_group_id) row.classList.add('album');
  row.querySelector('.keys')?.remove();
  if (rowsOf(m, chat)) row.append(keyboard(m, chat));
  if (focused >= 0) row.querySelectorAll('.keys button')[focused]?.focus({preventScroll: true});
}

export function setTicks(row, readTo, chat) {
  const ticks = row.querySelector('.ticks');
  if (!ticks) return;
  const read = row.message.message_id <= readTo;
  if (ticks.dataset.read === String(read)) return;
  ticks.dataset.read = read;
  ticks.replaceChildren(icon(read ? 'two' : 'one'));
  ticks.setAttribute('role', 'img');
  ticks.setAttribute('aria-label', chat.label(read ? 'read' : 'sent'));
}

/// The line under a person's name.
export function summary(m, say) {
  if (!m) return say('none');
  const line = service(m, say);
  if (line) return line;
  if (m.invoice) return '🧾 ' + m.invoice.title;
  const what = m.photo ? '🖼 ' + say('photo') : m.video || m.animation ? '🎬 ' + say('video') : m.voice ? '🎤 ' + say('voice')
    : m.sticker ? m.sticker.emoji + ' ' + say('sticker') : m.document ? '📄 ' + (m.document.file_name || '') : '';
  const text = m.text || (m.caption ? what.split(' ')[0] + ' ' + m.caption : what);
  const who = m.chat.type === 'private' ? say('you') : m.from.first_name;
  return (m.from.is_bot ? '' : who + ': ') + text;
}
