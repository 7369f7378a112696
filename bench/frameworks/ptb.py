"""python-telegram-bot as Debian ships it (13: threads), with eight workers."""
import os
import signal
import sqlite3
import threading
import time

from telegram import InlineKeyboardButton as Button, InlineKeyboardMarkup as Keyboard
from telegram.ext import CallbackQueryHandler, CommandHandler, Updater

HOME = ("👋 <b>Hello, User!</b>\n\nDescribe a video or send a photo, and I will make it.\n\nBalance: 0 credits",
        Keyboard([[Button("Make a video", callback_data="gen")],
                  [Button("Buy credits", callback_data="buy"), Button("Help", callback_data="help")]]))
HELP = ("<b>Help</b>\n\n1. Press “Make a video”.\n2. Send a text or a photo.\n3. Press “Run”. The video comes here."
        "\n\nCredits come back when a video fails.",
        Keyboard([[Button("Main menu", callback_data="home")]]))

db = sqlite3.connect(os.environ["DATABASE_PATH"], check_same_thread=False, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, screen TEXT NOT NULL, seen_at INTEGER NOT NULL)")
lock = threading.Lock()


def store(user, screen):
    with lock:
        db.execute("INSERT INTO users VALUES(?, ?, ?) ON CONFLICT(id) DO UPDATE SET screen = excluded.screen, "
                   "seen_at = excluded.seen_at", (user, screen, int(time.time() * 1000)))


def start(update, _):
    store(update.effective_user.id, "home")
    update.message.reply_text(HOME[0], parse_mode="HTML", reply_markup=HOME[1])


def press(update, _):
    query = update.callback_query
    text, keyboard = HELP if query.data == "help" else HOME
    store(update.effective_user.id, query.data)
    query.answer()
    query.edit_message_text(text, parse_mode="HTML", reply_markup=keyboard)


updater = Updater("1000001:bench", base_url=os.environ["TELEGRAM_API_URL"] + "/bot", workers=8,
                  request_kwargs={"con_pool_size": 16})
updater.dispatcher.add_handler(CommandHandler("start", start, run_async=True))
updater.dispatcher.add_handler(CallbackQueryHandler(press, run_async=True))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
updater.start_polling(poll_interval=0)
updater.idle(stop_signals=())  # its own handlers take five seconds
