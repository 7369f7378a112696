// The page's own labels: Russian for those who speak it, English for everybody else.

export const languages = {ru: 'Русский', en: 'English', uk: 'Українська', de: 'Deutsch', es: 'Español'};

const words = {
  en: {
    bot: 'bot', group: 'group', connecting: 'Connecting…', message: 'Message', caption: 'Add a caption…',
    typing: 'typing…', upload_video: 'sending a video…', upload_photo: 'sending a photo…',
    record_video: 'recording a video…', working: 'working…',
    start: 'Start', unblock: 'Unblock', block: 'Block the bot', language: 'Language', back: 'Back',
    close: 'Close this chat', beside: 'Open beside', add: 'New person', commands: 'Commands',
    attach: 'Attach files', stickers: 'Stickers', sticker: 'Sticker', send: 'Send', remove: 'Remove the photo',
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
    invoice: 'Invoice', pay: 'Pay ⭐{n}', price: 'Price', balance: 'Your balance', stars: '⭐ {n}', closeSheet: 'Close',
    confirm: 'Confirm and pay ⭐{n}', paying: 'Waiting for the bot…', done: 'Done', again: 'Try again',
    paid: 'Payment successful', paidLine: 'You paid ⭐{n} for “{title}”', refundLine: 'Refund: ⭐{n} for “{title}”',
    refused: 'Payment declined', failed: 'The bot did not answer in time. Nothing was charged.',
    few: 'You are ⭐{n} short', 'no such invoice': 'This invoice is no longer there', 'not enough Stars': 'Not enough Stars',
    faults: 'What goes wrong', closePanel: 'Close the panel', openFaults: 'Faults and the crowd', answers: 'kie.ai: answer to new tasks',
    none_: 'as usual', next: 'the next', all: 'all', howMany: 'How many', readyAnswer: 'Ready answers', ownAnswer: 'of your own',
    code: 'Code', text: 'Text', lost: 'Lost answers', lostLine: 'The task is made, but the connection breaks before the answer.',
    tasks: 'Tasks', takes: 'A video takes, s', failing: 'Fail by chance, %', latency: 'Answers wait, ms',
    allLate: 'Every task is late (10 times as long)', rate: 'Limit of 20 new tasks in 10 s a key', keys: 'Keys',
    keysLine: 'A key appears with its first call, or is added here. Beside it are its credits.', newKey: 'Key', credits: 'Credits', refusedKey: 'is refused (401)',
    made: '{n} tasks', tooFast: '{n} too fast', marks: 'Markers in the prompt', marksLine: 'A press puts it into the message.',
    asUsual: 'Everything as usual', notTaken: 'Not taken: {why}',
    outOfRange: 'A number from {least} to {most} is needed', noNumber: 'A number is needed',
    actions: 'Actions', reply: 'Reply', forwardAs: 'Forward to the bot as {name}', forwardChannel: 'Forward as a post of a channel',
    forwardHidden: 'Forward from a hidden person', someChannel: 'Video news', somebody: 'Somebody', forwardedFrom: 'Forwarded from {name}',
    forwardedDone: 'Forwarded to the bot', speaker: 'Who speaks', emptyGroup: 'A group with the bot in it.\nIt hears replies to itself and commands.',
    crowd: 'A crowd', come: '{n} people come', blockedShare: 'Blocked, %', crowdStarts: 'They press Start', forgetCounts: 'Count anew',
    crowdFigures: '{users} people, {starting} still to press Start\n{received} messages received, {repeats} repeats\n{refused} refused, {rate} a second',
    perSecond: 'Messages a second, the last minute', floodControl: 'Telegram: flood control (429)', flood_off: 'off', flood_telegram: 'as Telegram',
    flood_strict: 'strict', next429: 'Next calls', retryAfter: 'Wait, s', refuse429: 'Answer 429', storm: 'A storm of 30 s', calm: 'Calm',
    found: '{n} limits overstepped, {refused} answers 429', violations: 'Limits overstepped: {n}',
    'the bot is blocked': 'You have blocked the bot',
  },
  ru: {
    bot: 'бот', group: 'группа', connecting: 'Соединение…', message: 'Сообщение', caption: 'Добавьте подпись…',
    typing: 'печатает…', upload_video: 'отправляет видео…', upload_photo: 'отправляет фото…',
    record_video: 'записывает видео…', working: 'работает…',
    start: 'Запустить', unblock: 'Разблокировать', block: 'Заблокировать бота', language: 'Язык', back: 'Назад',
    close: 'Закрыть чат', beside: 'Открыть рядом', add: 'Новый человек', commands: 'Команды',
    attach: 'Прикрепить файлы', stickers: 'Стикеры', sticker: 'Стикер', send: 'Отправить', remove: 'Убрать фото',
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
    invoice: 'Счёт', pay: 'Оплатить ⭐{n}', price: 'Цена', balance: 'Ваш баланс', stars: '⭐ {n}', closeSheet: 'Закрыть',
    confirm: 'Подтвердить и заплатить ⭐{n}', paying: 'Ждём ответа бота…', done: 'Готово', again: 'Повторить',
    paid: 'Оплата прошла', paidLine: 'Вы заплатили ⭐{n} за «{title}»', refundLine: 'Возврат: ⭐{n} за «{title}»',
    refused: 'Платёж отклонён', failed: 'Бот не ответил вовремя. Звёзды не списаны.',
    few: 'Не хватает ⭐{n}', 'no such invoice': 'Этого счёта больше нет', 'not enough Stars': 'Не хватает звёзд',
    faults: 'Что пойдёт не так', closePanel: 'Закрыть панель', openFaults: 'Сбои и толпа', answers: 'kie.ai: ответ на новые задачи',
    none_: 'как обычно', next: 'на ближайшие', all: 'на все', howMany: 'Сколько', readyAnswer: 'Готовые ответы', ownAnswer: 'свой',
    code: 'Код', text: 'Текст', lost: 'Потерянные ответы', lostLine: 'Задача создана, но связь обрывается до ответа.',
    tasks: 'Задачи', takes: 'Видео готовится, с', failing: 'Случайные неудачи, %', latency: 'Задержка ответов, мс',
    allLate: 'Каждая задача опаздывает (в 10 раз дольше)', rate: 'Не больше 20 новых задач за 10 с на ключ', keys: 'Ключи',
    keysLine: 'Ключ появляется с первым вызовом, или добавьте его здесь. Рядом — его кредиты.', newKey: 'Ключ', credits: 'Кредиты', refusedKey: 'отклонён (401)',
    made: 'задач: {n}', tooFast: 'слишком частых: {n}', marks: 'Метки в описании', marksLine: 'Нажатие вставит метку в сообщение.',
    asUsual: 'Всё как обычно', notTaken: 'Не принято: {why}',
    outOfRange: 'Нужно число от {least} до {most}', noNumber: 'Нужно число',
    actions: 'Действия', reply: 'Ответить', forwardAs: 'Переслать боту: {name}', forwardChannel: 'Переслать как пост канала',
    forwardHidden: 'Переслать от скрытого человека', someChannel: 'Новости видео', somebody: 'Кто-то', forwardedFrom: 'Переслано от {name}',
    forwardedDone: 'Переслано боту', speaker: 'Кто говорит', emptyGroup: 'Группа, в которой есть бот.\nОн слышит ответы себе и команды.',
    crowd: 'Толпа', come: 'Приходит человек: {n}', blockedShare: 'Заблокировали, %', crowdStarts: 'Нажимают «Запустить»', forgetCounts: 'Считать заново',
    crowdFigures: 'людей: {users}, ещё не нажали: {starting}\nполучено: {received}, повторов: {repeats}\nотказов: {refused}, в секунду: {rate}',
    perSecond: 'Сообщений в секунду, последняя минута', floodControl: 'Telegram: защита от потока (429)', flood_off: 'выключена', flood_telegram: 'как в Telegram',
    flood_strict: 'строгая', next429: 'Ближайшие вызовы', retryAfter: 'Ждать, с', refuse429: 'Отвечать 429', storm: 'Шторм на 30 с', calm: 'Штиль',
    found: 'нарушений: {n}, ответов 429: {refused}', violations: 'Нарушено ограничений: {n}',
    'the bot is blocked': 'Вы заблокировали бота',
  },
};

export const pageLanguage = code => (/^ru\b/i.test(code || '') ? 'ru' : 'en');
export const hasLabel = key => key in words.en;
/// `{name}` in the words becomes the value of that name; numbers are written as the language does.
export function label(code, key, values = {}) {
  const text = words[pageLanguage(code)][key] ?? key;
  return text.replace(/{(\w+)}/g, (_, name) =>
    typeof values[name] === 'number' ? values[name].toLocaleString(pageLanguage(code)) : values[name] ?? '');
}

export function clock(code, date) {
  return date.toLocaleTimeString(pageLanguage(code) === 'ru' ? 'ru' : 'en-GB', {hour: '2-digit', minute: '2-digit'});
}

export function day(code, date) {
  if (date.toDateString() === new Date().toDateString()) return label(code, 'today');
  return date.toLocaleDateString(pageLanguage(code) === 'ru' ? 'ru' : 'en-GB', {day: 'numeric', month: 'long'});
}
