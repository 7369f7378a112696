/// Broadcasts: at the free rate on a virtual clock; at the paid rate over real HTTP with a slow network, with
/// people pressing buttons meanwhile; and killed again and again.
#include "bench/broadcast.hpp"
#include "storage/store.hpp"
#include <cstring>
#include <filesystem>
#include <spdlog/spdlog.h>

namespace troupe::bench {
namespace {

broadcast announcement(bool paid) {
  broadcast b;
  b.key = "bench", b.admin_id = 1864913930, b.admin_language = "en", b.method = "sendMessage";
  b.params = R"({"text":"Something new is here: make a video of your own photo."})";
  b.title = "Something new", b.to.category = "news", b.paid = paid;
  return b;
}

} // namespace

void seed_broadcast(const std::string& database, int users, bool paid, unix_ms now) {
  storage::store s{database};
  s.obey({{1864913930}, 1000});
  for (int i = 0; i < users;) {
    s.begin();
    for (int n = 0; n < 5000 && i < users; ++n, ++i) {
      register_user r;
      r.profile = {first_recipient + i, "User", "", "en"};
      r.at = now - day_ms;
      s.apply(r);
    }
    s.commit();
  }
  s.begin();
  s.apply(open_broadcast{announcement(paid), now});
  s.commit();
}

broadcast the_broadcast(const std::string& database) {
  return std::get<broadcasts_page>(storage::reader{database}.answer(broadcasts_query{1, 0, 1})).all.at(0);
}

} // namespace troupe::bench

/// bench_broadcast [--recipients N] [--kill-recipients N] [--kills N] [--only store|free|paid|kills] [--dir
/// FOLDER]; from the project's folder, with build/release/troupe built.
int main(int argc, char** argv) {
  using namespace troupe::bench;
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::set_level(spdlog::level::warn);
  broadcast_setting set;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--recipients")) set.recipients = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--kill-recipients")) set.kill_recipients = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--kills")) set.kills = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--only")) set.only = argv[i + 1];
    else if (!std::strcmp(argv[i], "--dir")) set.folder = argv[i + 1];
  }
  set.folder += "/bench-broadcast-" + std::to_string(::getpid());
  std::filesystem::create_directories(set.folder);
  json all{{"bench", "broadcast"}};
  const auto part = [&](const char* name, json (*measure)(const broadcast_setting&)) {
    if (!set.only.empty() && set.only != name) return;
    all[name] = in_a_process([&] { return measure(set); });
    std::cerr << name << " " << all[name].dump() << "\n";
  };
  part("store", measure_store);
  part("free", measure_free);
  part("paid", measure_paid);
  part("kills", measure_kills);
  std::filesystem::remove_all(set.folder);
  std::cout << all.dump(2) << std::endl;
}
