// The same two screens and the same durable write in every bot: one row a user, one commit a step.
import Database from "better-sqlite3";

export const home = {
  text: "👋 <b>Hello, User!</b>\n\nDescribe a video or send a photo, and I will make it.\n\nBalance: 0 credits",
  reply_markup: { inline_keyboard: [
    [{ text: "Make a video", callback_data: "gen" }],
    [{ text: "Buy credits", callback_data: "buy" }, { text: "Help", callback_data: "help" }],
  ] },
};
export const help = {
  text: "<b>Help</b>\n\n1. Press “Make a video”.\n2. Send a text or a photo.\n3. Press “Run”. The video comes here.\n\nCredits come back when a video fails.",
  reply_markup: { inline_keyboard: [[{ text: "Main menu", callback_data: "home" }]] },
};

/// Journal and safety as the engine has them: the commit is on disk before the answer leaves.
export function openStore(path) {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, screen TEXT NOT NULL, seen_at INTEGER NOT NULL) STRICT");
  const put = db.prepare("INSERT INTO users VALUES(?, ?, ?) ON CONFLICT(id) DO UPDATE SET screen = excluded.screen, seen_at = excluded.seen_at");
  return (id, screen) => put.run(id, screen, Date.now());
}
