/// Users' pictures on their way from Telegram, with a played Telegram and a played ffmpeg.
#include "actors/dialogue_state.hpp"
#include "net/media.hpp"
#include "tests/actors/fixture.hpp"
#include "tests/actors/person.hpp"
#include <fstream>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

struct gallery : stage {
  std::vector<picture_on_disk> made;
  picture_facts seen{picture_state::good, "png", 800, 600, ""};
  std::string file_path = "documents/file_7.png";
  pictures_actor pictures;

  gallery() {
    telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
      if (!has(r.url, "getFile")) return has(r.url, "/file/bot") ? ok("") : delivered();
      return ok(json{{"ok", true}, {"result", {{"file_id", "F"}, {"file_path", file_path}}}}.dump());
    };
    auto worker = own(sys->spawn(
        [](picture_worker_actor::pointer, gallery* g) -> picture_worker_actor::behavior_type {
          return {[g](const picture_on_disk& x) {
            g->made.push_back(x);
            return g->seen;
          }};
        },
        this));
    pictures = own(spawn_pictures(*sys, ctx, telegram_wire, worker));
  }
  picture_state look(const std::string& id = "F") {
    return ask<picture_facts>(pictures, picture_wanted{id, "", {}}).state;
  }
};

} // namespace

TEST_CASE_METHOD(gallery,
                 "a picture is fetched and made, a file id goes to Telegram as JSON, whatever is in it") {
  CHECK(look("F\"},{\"x") == picture_state::good);
  REQUIRE(made.size() == 1);
  REQUIRE(telegram->log.size() == 2);
  const auto& line = telegram->log[0].line;
  CHECK(json::parse(line.substr(line.find('{'))).at("file_id") == "F\"},{\"x");
  CHECK(has(telegram->log[1].line, "/documents/file_7.png"));
  file_path = "photos/file_8.jpg";
  look();
  CHECK(made[1].path != made[0].path);
}

TEST_CASE_METHOD(gallery, "what Telegram will never give is told from what it does not give now") {
  const auto refusal = [](int code, const std::string& words) {
    return reply(code, json{{"ok", false}, {"error_code", code}, {"description", words}}.dump());
  };
  telegram->answer = [&](const http_request&) { return refusal(400, "Bad Request: file is too big"); };
  CHECK(look() == picture_state::heavy);
  telegram->answer = [&](const http_request&) {
    return refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable");
  };
  CHECK(look() == picture_state::not_looked_at);
  telegram->answer = [&](const http_request&) { return refusal(400, "Bad Request: invalid file_id"); };
  CHECK(look() == picture_state::gone);
  telegram->answer = [&](const http_request&) { return refusal(500, "Internal Server Error"); };
  CHECK(look() == picture_state::not_looked_at);
  telegram->answer = [&](const http_request&) { return broken(http_error::refused); };
  CHECK(look() == picture_state::not_looked_at);
  CHECK(made.empty());
}

TEST_CASE_METHOD(gallery,
                 "a page in place of the file says nothing of the picture, whatever its status says") {
  std::string type = GENERATE("text/html; charset=utf-8", "application/json"), head = "<html>Log in";
  const auto usual = telegram->answer;
  telegram->answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (!has(r.url, "/file/bot")) return usual(r);
    auto page = ok("");
    page.headers = {{"content-type", type}}, page.saved_head = head;
    return page;
  };
  CHECK(look() == picture_state::not_looked_at);
  CHECK(made.empty());
  head = "\xFF\xD8\xFF and a picture"; // a server that calls everything text
  CHECK(look() == picture_state::good);
}

TEST_CASE_METHOD(stage, "a page that came for a picture is known by its beginning, a drawing is one too") {
  const auto worker = own(spawn_picture_worker(*sys));
  const auto look = [&](const std::string& content) {
    const auto path = temporary.path + "/look";
    std::ofstream{path, std::ios::binary} << content;
    caf::scoped_actor asker{*sys, true};
    auto state = picture_state::good;
    asker->request(worker, caf::infinite, picture_on_disk{path, "", {}})
        .receive([&](const picture_facts& f) { state = f.state; },
                 [&](caf::error& e) { FAIL(sys->render(e)); });
    return state;
  };
  CHECK(look("<!DOCTYPE html><html>Log in</html>") == picture_state::not_looked_at);
  CHECK(look(R"({"ok":false,"error_code":502})") == picture_state::not_looked_at);
  CHECK(look("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>") ==
        picture_state::vector);
  CHECK(look("eighteen bytes ok.") == picture_state::no_picture);
}

TEST_CASE_METHOD(stage, "what a photo tells of its place and its camera does not leave with it") {
  const auto worker = own(spawn_picture_worker(*sys));
  const auto photo = temporary.path + "/photo.jpg", sent = temporary.path + "/sent.jpg";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "color=size=64x64", "-frames:v",
              "1", photo},
             20);
  std::string bytes;
  {
    std::ifstream in{photo, std::ios::binary};
    bytes.assign(std::istreambuf_iterator<char>{in}, {});
  }
  const std::string secret = std::string{"Exif\0\0", 6} + "GPS 55.7558 37.6173";
  const std::string segment = std::string{"\xFF\xE1\0", 3} + static_cast<char>(secret.size() + 2) + secret;
  std::ofstream{photo, std::ios::binary} << bytes.substr(0, 2) << segment << bytes.substr(2);
  caf::scoped_actor asker{*sys, true};
  asker->request(worker, caf::infinite, picture_on_disk{photo, sent, {}})
      .receive([&](const picture_facts& f) { CHECK(f.state == picture_state::good); },
               [&](caf::error& e) { FAIL(sys->render(e)); });
  std::ifstream in{sent, std::ios::binary};
  const std::string left{std::istreambuf_iterator<char>{in}, {}};
  REQUIRE(left.size() > 100);
  CHECK_FALSE(has(left, "GPS"));
}

TEST_CASE_METHOD(gallery, "more pictures than may wait are told to come again, and nobody waits for ever") {
  telegram->answer = [](const http_request&) { return std::nullopt; };
  for (int i = 0; i < 64; ++i) tell(pictures, picture_wanted{"F", "", {}});
  CHECK(look() == picture_state::not_looked_at);
}

namespace {

/// A user whose session has the picture looked at.
struct visitor : gallery {
  courier_actor courier;
  router_actor router;
  std::int64_t next_update = 100;

  visitor() {
    enrol(10);
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    tell(ledger, ledger_listeners{courier, {}, {}});
    front_desk desk{ledger, reader, courier};
    desk.pictures = pictures;
    router = own(spawn_router(*sys, ctx, desk));
  }
  void sends_file(const std::string& caption) {
    json u{{"update_id", next_update},
           {"message",
            {{"message_id", 10},
             {"chat", {{"id", user}, {"type", "private"}}},
             {"from", {{"id", user}, {"first_name", "Ann"}, {"language_code", "en"}}},
             {"caption", caption},
             {"document", {{"file_id", "F"}, {"file_name", "cat.tiff"}, {"file_size", 1000}}}}}};
    auto stored = ask<accepted_updates>(ledger, accept_updates{{{next_update, user, u.dump()}}, now()});
    ++next_update;
    ask<done>(router, stored);
    advance(2s);
  }
  talk::memory memory() const { return talk::read_memory(db->load_account(user).state); }
};

} // namespace

TEST_CASE_METHOD(visitor,
                 "a picture file is looked at before its card, and the turn is stored with what was seen") {
  sends_file("let it dance");
  CHECK(made.size() == 1);
  REQUIRE(memory().work);
  CHECK(memory().work->photo == "F");
  CHECK(memory().work->photo_width == 800);
  CHECK(db->load_open_work().updates.empty());
}

TEST_CASE_METHOD(visitor, "a picture that nobody looks at in time is told so, and nothing is ordered of it") {
  telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "getFile")) return std::nullopt;
    return delivered();
  };
  sends_file("let it dance");
  CHECK(db->load_open_work().updates.size() == 1);
  advance(50s);
  CHECK(db->load_open_work().updates.empty());
  CHECK(telegram->count("could not look at this file just now") == 1);
  CHECK(memory().work->photo.empty());
  CHECK(memory().work->prompt == "let it dance");
}

TEST_CASE_METHOD(visitor, "while the disk is full a picture is looked at once, not at each try") {
  int refusals = 3;
  const_cast<engine_context&>(*ctx).at_step = [&](durable_step step, bool committed) {
    if (step == durable_step::turn_stored && !committed && refusals-- > 0)
      throw std::runtime_error{"the disk is full"};
  };
  sends_file("let it dance");
  advance(60s);
  const_cast<engine_context&>(*ctx).at_step = nullptr;
  CHECK(refusals < 0);
  CHECK(made.size() == 1);
  CHECK(memory().work->photo == "F");
}
