// The list at the left: who there is, what was said last, what is new.
import {summary} from './message.js';
import {el, icon} from './text.js';
import {clock, hasLabel, label} from './words.js';

const shades = [['#f2755e', '#d93a56'], ['#e8964a', '#cf6a1c'], ['#8a86f5', '#5d53d6'], ['#57b668', '#2f8f4e'],
  ['#35b3b0', '#17858f'], ['#4ba6ea', '#1f73c2'], ['#cf78d8', '#a446b4']];

/// The same person has the same colour everywhere.
export function avatar(person) {
  const e = el('span', 'avatar');
  e.setAttribute('aria-hidden', 'true');
  const mixed = [...String(person.id)].reduce((sum, digit) => (sum * 33 + digit.charCodeAt(0)) % 7919, 0);
  const [from, to] = shades[mixed % shades.length];
  e.style.background = `linear-gradient(${from}, ${to})`;
  if (person.is_group) e.append(icon('group'));
  else e.textContent = [...person.first_name][0] || '?';
  return e;
}

export const typingDots = () => {
  const dots = el('i', 'dots');
  dots.append(el('i'), el('i'), el('i'));
  return dots;
};

export const actionLabel = (action, say) => say(hasLabel(action) ? action : 'working');

function lines(u, world, language) {
  const say = (key, values) => label(language, key, values);
  const text = el('span', 'lines');
  const first = el('span');
  first.append(el('b', '', u.first_name));
  if (u.last_message) first.append(el('time', '', clock(language, new Date(u.last_message.date * 1000))));
  const second = el('span');
  const action = world.busy[u.id];
  const line = el('small', action ? 'busy' : '', action ? actionLabel(action, say) : u.blocked ? say('blocked') : summary(u.last_message, say));
  if (action) line.prepend(typingDots());
  second.append(line);
  const unread = world.unread[u.id];
  if (unread) second.append(el('span', 'badge', unread));
  text.append(first, second);
  return text;
}

/// `show(id, beside)` opens a chat. @returns a list item
export function listed(u, world, language, show) {
  const open = world.panes.some(p => p.user === u.id);
  const active = u.id === world.active?.user;
  const li = el('li', (open ? 'open' : '') + (active ? ' on' : ''));
  const row = el('button', 'person');
  row.append(avatar(u), lines(u, world, language));
  row.onclick = () => show(u.id);
  if (active) row.setAttribute('aria-current', 'true');
  const beside = el('button', 'icon beside');
  beside.title = label(language, 'beside');
  beside.setAttribute('aria-label', `${beside.title}: ${u.first_name}`);
  beside.append(icon('beside'));
  beside.onclick = () => show(u.id, true);
  li.append(row, beside);
  return li;
}
