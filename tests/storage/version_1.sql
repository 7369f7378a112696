-- A file of schema version 1 as it was: one user, one delivered video. Never edited.
BEGIN TRANSACTION;
CREATE TABLE balances(
  account TEXT NOT NULL, user_id INTEGER NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY(account, user_id),
  CHECK(account NOT IN ('user', 'held') OR amount >= 0)) STRICT, WITHOUT ROWID;
INSERT INTO "balances" VALUES('bonus',515151515,-10);
INSERT INTO "balances" VALUES('held',515151515,0);
INSERT INTO "balances" VALUES('spent',515151515,1);
INSERT INTO "balances" VALUES('user',515151515,9);
CREATE TABLE inbox(
  update_id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, json TEXT NOT NULL,
  received_at INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;
INSERT INTO "inbox" VALUES(810000001,515151515,'{"message":{"chat":{"first_name":"Анна","id":515151515,"type":"private"},"date":1795581279,"entities":[{"length":6,"offset":0,"type":"bot_command"}],"from":{"first_name":"Анна","id":515151515,"is_bot":false,"language_code":"ru"},"message_id":101,"text":"/start"},"update_id":810000001}',1795581279856,1);
INSERT INTO "inbox" VALUES(810000002,515151515,'{"callback_query":{"chat_instance":"-4611686017912236389","data":"gen","from":{"first_name":"Анна","id":515151515,"is_bot":false,"language_code":"ru"},"id":"2214812345678900001","message":{"chat":{"first_name":"Анна","id":515151515,"type":"private"},"date":1795581279,"entities":[{"length":11,"offset":79,"type":"bold"}],"from":{"first_name":"Sandbox bot","id":1000001,"is_bot":true,"username":"sandbox_bot"},"message_id":102,"reply_markup":{"inline_keyboard":[[{"callback_data":"gen","text":"Генерировать видео"}],[{"callback_data":"buy","text":"Купить кредиты"}],[{"callback_data":"help","text":"Помощь"}]]},"text":"Привет, Анна! 👋\nЯ превращаю текст и фотографии в короткие видео.\n\nВаш баланс: 10 кредитов\n\nНажмите «Генерировать видео» или просто пришлите описание или фото."}},"update_id":810000002}',1795581280358,1);
INSERT INTO "inbox" VALUES(810000003,515151515,'{"callback_query":{"chat_instance":"-4611686017912236389","data":"text","from":{"first_name":"Анна","id":515151515,"is_bot":false,"language_code":"ru"},"id":"2214812345678900002","message":{"chat":{"first_name":"Анна","id":515151515,"type":"private"},"date":1795581279,"edit_date":1795581280,"from":{"first_name":"Sandbox bot","id":1000001,"is_bot":true,"username":"sandbox_bot"},"message_id":102,"reply_markup":{"inline_keyboard":[[{"callback_data":"text","text":"Видео из текста"}],[{"callback_data":"photo","text":"Видео из изображения"}],[{"callback_data":"home","text":"Назад"},{"callback_data":"home","text":"Главное меню"}]]},"text":"Из чего сделаем видео?"}},"update_id":810000003}',1795581280662,1);
INSERT INTO "inbox" VALUES(810000004,515151515,'{"message":{"chat":{"first_name":"Анна","id":515151515,"type":"private"},"date":1795581280,"from":{"first_name":"Анна","id":515151515,"is_bot":false,"language_code":"ru"},"message_id":103,"text":"Кот на крыше <b> & луна"},"update_id":810000004}',1795581280965,1);
INSERT INTO "inbox" VALUES(810000005,515151515,'{"callback_query":{"chat_instance":"-4611686017912236389","data":"run:810000003","from":{"first_name":"Анна","id":515151515,"is_bot":false,"language_code":"ru"},"id":"2214812345678900003","message":{"chat":{"first_name":"Анна","id":515151515,"type":"private"},"date":1795581280,"entities":[{"length":16,"offset":0,"type":"bold"},{"length":23,"offset":18,"type":"italic"},{"length":8,"offset":100,"type":"bold"},{"length":11,"offset":121,"type":"bold"}],"from":{"first_name":"Sandbox bot","id":1000001,"is_bot":true,"username":"sandbox_bot"},"message_id":104,"reply_markup":{"inline_keyboard":[[{"callback_data":"m:810000003:0","text":"✓ Veo 3 Fast · 1 кредит"}],[{"callback_data":"m:810000003:1","text":"Veo 3 Quality · 4 кредита"}],[{"callback_data":"m:810000003:2","text":"Veo 3 Lite · 1 кредит"}],[{"callback_data":"a:810000003:0","text":"✓ 16:9"},{"callback_data":"a:810000003:1","text":"9:16"}],[{"callback_data":"d:810000003:0","text":"✓ 8 с"},{"callback_data":"d:810000003:1","text":"4 с"},{"callback_data":"d:810000003:2","text":"6 с"}],[{"callback_data":"run:810000003","text":"🚀 Запустить"}],[{"callback_data":"edit:810000003","text":"✏️ Изменить запрос"}],[{"callback_data":"gen","text":"Назад"},{"callback_data":"home","text":"Главное меню"}]]},"text":"Проверьте запрос\n\nКот на крыше <b> & луна\n\nМодель: Veo 3 Fast\nФормат: 16:9\nДлительность: 8 с\n\nЦена: 1 кредит\nВаш баланс: 10 кредитов"}},"update_id":810000005}',1795581281468,1);
CREATE TABLE jobs(
  job_id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  language TEXT NOT NULL, model_id TEXT NOT NULL, model_title TEXT NOT NULL, api TEXT NOT NULL,
  provider_model TEXT NOT NULL, prompt TEXT NOT NULL, photo_file_id TEXT NOT NULL,
  aspect_ratio TEXT NOT NULL, duration_s INTEGER NOT NULL, resolution TEXT NOT NULL,
  price INTEGER NOT NULL CHECK(price > 0),
  state TEXT NOT NULL CHECK(state IN ('pending', 'submitting', 'unknown', 'processing', 'fetching',
                                      'delivering', 'completed', 'failed', 'cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0, key_name TEXT NOT NULL DEFAULT '', task_id TEXT NOT NULL DEFAULT '',
  result_url TEXT NOT NULL DEFAULT '', file_path TEXT NOT NULL DEFAULT '',
  thumbnail_path TEXT NOT NULL DEFAULT '', file_id TEXT NOT NULL DEFAULT '',
  width INTEGER NOT NULL DEFAULT 0, height INTEGER NOT NULL DEFAULT 0,
  duration_ms INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  fail_class TEXT NOT NULL DEFAULT '', fail_text TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, submitted_at INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0, deadline_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
INSERT INTO "jobs" VALUES(1,1,515151515,'ru','veo-3-fast','Veo 3 Fast','kie-unified','veo3_fast','Кот на крыше <b> & луна','','16:9',8,'720p',1,'completed',0,'1','8eae8949000b53c91a38f74b3ab18a75','http://127.0.0.1:8081/results/8eae8949000b53c91a38f74b3ab18a75.mp4','data/files/job-1.mp4','data/files/job-1.jpg','BAACAgIAAxk1000001',320,180,2000,17047,'','',1795581281469,1795581281469,0,1795583081469,1795581289727);
CREATE TABLE ledger(
  id INTEGER PRIMARY KEY AUTOINCREMENT, transfer_id TEXT NOT NULL, account TEXT NOT NULL,
  user_id INTEGER NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL, ref_type TEXT NOT NULL,
  ref_id TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO "ledger" VALUES(1,'bonus:welcome:515151515','bonus',515151515,'credit',-10,'bonus','welcome','welcome',1795581279857);
INSERT INTO "ledger" VALUES(2,'bonus:welcome:515151515','user',515151515,'credit',10,'bonus','welcome','welcome',1795581279857);
INSERT INTO "ledger" VALUES(3,'hold:1','user',515151515,'reservation',-1,'job','1','Veo 3 Fast',1795581281469);
INSERT INTO "ledger" VALUES(4,'hold:1','held',515151515,'reservation',1,'job','1','Veo 3 Fast',1795581281469);
INSERT INTO "ledger" VALUES(5,'post:1','held',515151515,'debit',-1,'job','1','Veo 3 Fast',1795581289725);
INSERT INTO "ledger" VALUES(6,'post:1','spent',515151515,'debit',1,'job','1','Veo 3 Fast',1795581289725);
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('next_offset','810000006');
INSERT INTO "meta" VALUES('secret:callback_secret','0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE orders(
  order_id INTEGER PRIMARY KEY AUTOINCREMENT, order_key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
  user_id INTEGER NOT NULL, count INTEGER NOT NULL, price INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO "orders" VALUES(1,'u515151515:d810000003','1e1746a1d5a857e5',515151515,1,1,1795581281469);
CREATE TABLE outbox(
  outbox_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, urgency INTEGER NOT NULL,
  method TEXT NOT NULL, params TEXT NOT NULL, slot TEXT NOT NULL, job_id INTEGER NOT NULL,
  uploads TEXT NOT NULL, parked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE slots(
  chat_id INTEGER NOT NULL, slot TEXT NOT NULL, message_id INTEGER NOT NULL,
  PRIMARY KEY(chat_id, slot)) STRICT, WITHOUT ROWID;
INSERT INTO "slots" VALUES(515151515,'order:1',105);
CREATE TABLE transfers(
  transfer_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "transfers" VALUES('bonus:welcome:515151515','07a0aecb1976c411',1795581279857);
INSERT INTO "transfers" VALUES('hold:1','73f9770b55a7c466',1795581281469);
INSERT INTO "transfers" VALUES('post:1','6cb81f9b238d2c04',1795581289725);
CREATE TABLE users(
  user_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL DEFAULT '', username TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '', registered_at INTEGER, last_seen_at INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0, admin INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "users" VALUES(515151515,'Анна','','ru',1795581279857,1795581281469,0,0,'{"done":810000003,"pressed":810000005,"recent":[1795581281469],"screen":"home"}');
CREATE INDEX inbox_open ON inbox(update_id) WHERE done = 0;
CREATE INDEX ledger_of_user ON ledger(user_id, id) WHERE account = 'user';
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE INDEX jobs_of_user ON jobs(user_id, job_id);
CREATE INDEX jobs_of_order ON jobs(order_id);
CREATE INDEX jobs_open ON jobs(user_id) WHERE state NOT IN ('completed', 'failed', 'cancelled');
CREATE INDEX outbox_parked ON outbox(chat_id) WHERE parked = 1;

COMMIT;
PRAGMA user_version = 1;
