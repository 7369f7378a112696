// The page's own labels: Russian for those who speak it, English for everybody else.

export const languages = {ru: 'Русский', en: 'English', uk: 'Українська', de: 'Deutsch', es: 'Español'};

const words = {
  en: {
    bot: 'bot', connecting: 'Connecting…', message: 'Message', caption: 'Add a caption…',
    typing: 'typing…', upload_video: 'sending a video…', upload_photo: 'sending a photo…',
    record_video: 'recording a video…', working: 'working…',
    start: 'Start', unblock: 'Unblock', block: 'Block the bot', language: 'Language', back: 'Back',
    close: 'Close this chat', beside: 'Open beside', add: 'New person', commands: 'Commands',
    attach: 'Attach a photo', stickers: 'Stickers', sticker: 'Sticker', send: 'Send', remove: 'Remove the photo',
    mic: 'Send a voice message (a sample of 3 s)', voice: 'Voice message', photo: 'Photo', video: 'Video',
    play: 'Play the video', open: 'Open the photo', messages: 'Messages', down: 'To the newest message',
    empty: 'No messages here yet.\nPress “Start” to talk to the bot.', none: 'No messages yet', you: 'You',
    edited: 'edited', unread: 'Unread messages', today: 'Today', sent: 'sent', read: 'fetched by the bot',
    drop: 'Drop a photo here', onlyPhotos: 'Only photos can be sent here', badPhoto: 'This picture cannot be read',
    longCaption: 'A caption takes at most 1024 characters', notSent: 'Not sent: the sandbox does not answer',
    noAnswer: 'The bot did not answer', blocked: 'You have blocked the bot',
    offline: 'The bot is not running. It will answer when it is started again.',
    gone: 'The sandbox does not answer. Start it with ./run, the page goes on by itself.',
    name: 'Name', cancel: 'Cancel', create: 'Add',
  },
  ru: {
    bot: 'бот', connecting: 'Соединение…', message: 'Сообщение', caption: 'Добавьте подпись…',
    typing: 'печатает…', upload_video: 'отправляет видео…', upload_photo: 'отправляет фото…',
    record_video: 'записывает видео…', working: 'работает…',
    start: 'Запустить', unblock: 'Разблокировать', block: 'Заблокировать бота', language: 'Язык', back: 'Назад',
    close: 'Закрыть чат', beside: 'Открыть рядом', add: 'Новый человек', commands: 'Команды',
    attach: 'Прикрепить фото', stickers: 'Стикеры', sticker: 'Стикер', send: 'Отправить', remove: 'Убрать фото',
    mic: 'Отправить голосовое сообщение (образец, 3 с)', voice: 'Голосовое сообщение', photo: 'Фото', video: 'Видео',
    play: 'Смотреть видео', open: 'Открыть фото', messages: 'Сообщения', down: 'К последнему сообщению',
    empty: 'Здесь пока нет сообщений.\nНажмите «Запустить», чтобы начать.', none: 'Сообщений пока нет', you: 'Вы',
    edited: 'изменено', unread: 'Непрочитанные сообщения', today: 'Сегодня', sent: 'отправлено', read: 'бот получил',
    drop: 'Перетащите фото сюда', onlyPhotos: 'Сюда можно отправить только фото', badPhoto: 'Эту картинку не удалось прочитать',
    longCaption: 'Подпись — не длиннее 1024 знаков', notSent: 'Не отправлено: песочница не отвечает',
    noAnswer: 'Бот не ответил', blocked: 'Вы заблокировали бота',
    offline: 'Бот не запущен. Он ответит, когда его снова запустят.',
    gone: 'Песочница не отвечает. Запустите её командой ./run, страница продолжит сама.',
    name: 'Имя', cancel: 'Отмена', create: 'Добавить',
  },
};

export const pageLanguage = code => (/^ru\b/i.test(code || '') ? 'ru' : 'en');
export const hasLabel = key => key in words.en;
export const label = (code, key) => words[pageLanguage(code)][key] ?? key;

export function clock(code, date) {
  return date.toLocaleTimeString(pageLanguage(code) === 'ru' ? 'ru' : 'en-GB', {hour: '2-digit', minute: '2-digit'});
}

export function day(code, date) {
  if (date.toDateString() === new Date().toDateString()) return label(code, 'today');
  return date.toLocaleDateString(pageLanguage(code) === 'ru' ? 'ru' : 'en-GB', {day: 'numeric', month: 'long'});
}
