// The menu of one message: it is answered, or forwarded to the bot by somebody, from somewhere.
import {el} from './text.js';

const forwardersMost = 6;

async function forward(pane, user, m) {
  try {
    await pane.world.api('forward', {user_id: user, from_chat_id: pane.user, message_id: m.message_id});
    pane.toast(pane.label('forwardedDone'));
  } catch {
    pane.toast(pane.label('notSent'));
  }
}

/// `pane`: {world, user, people, label, toast, send(body), replyTo(m)}; `button` gets the focus back.
export function openMenu(pane, m, button) {
  const menu = document.getElementById('actions');
  const act = (words, what) => {
    const b = el('button', 'text', words);
    b.onclick = () => { menu.close(); what(); };
    return b;
  };
  const said = {text: m.text || m.caption || '…', entities: m.entities || m.caption_entities};
  const channel = {type: 'channel', chat: {id: -1009000000001, title: pane.label('someChannel'), type: 'channel'}, message_id: m.message_id};
  const hidden = {type: 'hidden_user', sender_user_name: pane.label('somebody')};
  menu.replaceChildren(act(pane.label('reply'), () => pane.replyTo(m)),
    ...pane.people.slice(0, forwardersMost).map(u => act(pane.label('forwardAs', {name: u.first_name}), () => forward(pane, u.id, m))),
    act(pane.label('forwardChannel'), () => pane.send({...said, origin: channel})),
    act(pane.label('forwardHidden'), () => pane.send({...said, origin: hidden})),
    act(pane.label('cancel'), () => button?.focus()));
  menu.onclick = e => { if (e.target === menu) menu.close(); };
  menu.showModal();
}
