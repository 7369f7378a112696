// Text and entities become elements: nothing anybody sends is ever parsed as HTML.

export function el(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  const use = document.createElementNS(ns, 'use');
  use.setAttribute('href', '#i-' + name);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

const tags = {bold: 'b', italic: 'i', underline: 'u', strikethrough: 's', code: 'code', pre: 'pre', spoiler: 'span',
  blockquote: 'blockquote', expandable_blockquote: 'blockquote', text_link: 'a', url: 'a'};

function link(text, url) {
  const a = el('a', '', text);
  a.href = url;
  a.target = '_blank';
  a.rel = 'noopener noreferrer';
  return a;
}

/// Telegram finds addresses by itself; a full stop after one is no part of it.
function appendPlain(parent, text) {
  let at = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"“”«»]+/g)) {
    const url = found[0].replace(/[.,;:!?)\]]+$/, '');
    parent.append(text.slice(at, found.index), link(url, url));
    at = found.index + url.length;
  }
  parent.append(text.slice(at));
}

function entityElement(entity, text, press) {
  const url = entity.type === 'text_link' ? entity.url : entity.type === 'url' ? text : '';
  if (isWebAddress(url)) return link(undefined, url);
  if (entity.type === 'bot_command') {
    const b = el('button', 'command');
    b.type = 'button';
    b.onclick = () => press(text);
    return b;
  }
  const e = el(url ? 'span' : tags[entity.type] || 'span');
  if (entity.type === 'spoiler') {
    e.className = 'spoiler';
    e.onclick = () => e.classList.toggle('open');
  }
  return e;
}

/// `press` is called with the command a person clicks in the text.
export function appendFormatted(parent, text, entities, press, from = 0, to = text.length) {
  let at = from;
  const plain = piece => /^(A|CODE|PRE)$/.test(parent.tagName) ? parent.append(piece) : appendPlain(parent, piece);
  for (let i = 0; i < entities.length; ++i) {
    const {offset, length} = entities[i];
    if (offset < at || offset >= to) continue;
    plain(text.slice(at, offset));
    const end = Math.min(offset + length, to);
    const child = entityElement(entities[i], text.slice(offset, end), press);
    appendFormatted(child, text, entities.slice(i + 1), press, offset, end);
    parent.append(child);
    at = end;
    // A block ends its line by itself.
    if (/^(PRE|BLOCKQUOTE)$/.test(child.tagName) && text[at] === '\n' && at < to) ++at;
  }
  plain(text.slice(at, to));
}

/// What createInvoiceLink gives: it is paid here, not on the web.
/// What a button may open: "javascript:" and its kin would run in the page that opens them.
export const isWebAddress = url => /^(https?|tg|mailto):/i.test(url || '');
export const isInvoiceLink = url => /^https:\/\/t\.me\/\$/.test(url || '');

/// What a start link may carry, as Telegram allows it.
export const isPayload = text => /^[A-Za-z0-9_-]{1,64}$/.test(text || '');

/// @returns what a link to this bot carries ('' when nothing), null when it leads elsewhere.
export function startPayload(url, bot) {
  const found = /^(?:https?:\/\/(?:t|telegram)\.me\/(\w+)\/?(?:\?(.*))?|tg:\/\/resolve\/?\?(.*))$/i.exec(url || '');
  if (!found) return null;
  const asked = new URLSearchParams(found[2] ?? found[3] ?? '');
  if ((found[1] || asked.get('domain') || '').toLowerCase() !== bot.toLowerCase()) return null;
  return asked.get('start') || '';
}

/// Up to three emoji and nothing else are shown large.
export const isBigEmoji = text =>
  /^(?:\p{Extended_Pictographic}(?:\uFE0F|[\u{1F3FB}-\u{1F3FF}])?(?:\u200D\p{Extended_Pictographic}\uFE0F?)*){1,3}$/u.test(text);

/// Telegram's apps send a longer text as several messages.
export function pieces(text, limit = 4096) {
  const out = [];
  while (text.length > limit) {
    const gap = Math.max(text.lastIndexOf('\n', limit), text.lastIndexOf(' ', limit));
    let cut = gap > limit / 2 ? gap : limit;
    if (/[\uD800-\uDBFF]/.test(text[cut - 1])) --cut; // Never between the halves of one character.
    out.push(text.slice(0, cut));
    text = text.slice(cut).trimStart();
  }
  return text ? [...out, text] : out;
}
