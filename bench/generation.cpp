/// Videos under load: a storm of orders, a menu meanwhile, many jobs in flight; and what a pool of blocking
/// workers would make of the storm.
#include "bench/generation.hpp"
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <malloc.h>
#include <mutex>
#include <spdlog/spdlog.h>

namespace troupe::bench {

/// Each worker holds a job from its submit to its result, as simple bots do. Real threads, but a provider
/// that is `scale` times as fast; times are given as they would be with the real one.
json measure_naive(const generation_setting& s) {
  const int jobs = s.users * s.pack;
  const double scale = s.provider_s * 1000.0 / s.naive_provider_ms;
  std::mutex mutex;
  int next = 0;
  std::vector<double> submitted(static_cast<std::size_t>(jobs) + 1), done = submitted;
  const auto begun = steady::now();
  const auto work = [&] {
    for (;;) {
      std::size_t mine;
      {
        std::lock_guard lock{mutex};
        if (next > jobs) return;
        mine = static_cast<std::size_t>(next++); // first come, first served; the last one is the newcomer
      }
      submitted[mine] = seconds_since(begun);
      std::this_thread::sleep_for(std::chrono::milliseconds{s.naive_provider_ms});
      done[mine] = seconds_since(begun);
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < s.blocking_workers; ++i) workers.emplace_back(work);
  for (auto& w : workers) w.join();
  const auto last = submitted[static_cast<std::size_t>(jobs - 1)] * scale;
  const auto rate = last > 0 ? (jobs - s.blocking_workers) / last : 0;
  return {{"workers", s.blocking_workers},
          {"jobs", jobs},
          {"provider_ms", s.naive_provider_ms},
          {"scale", scale},
          {"all_done_s", done[static_cast<std::size_t>(jobs - 1)] * scale},
          {"submits_per_s", rate},
          {"share_of_permitted", rate / (s.submits_per_10_s / 10.0)},
          {"newcomer_submitted_s", submitted.back() * scale},
          {"newcomer_done_s", done.back() * scale}};
}

namespace {

void line(const char* what, double is, const char* unit, const char* target = "") {
  std::fprintf(stderr, is < 1000 ? "  %-46s %10.4g %-4s %s\n" : "  %-46s %10.0f %-4s %s\n", what, is, unit,
               target);
}

void show_storm(const json& r) {
  std::fprintf(stderr, "A storm: %d orders of %d videos at once, the provider takes %d s (virtual time)\n",
               r["users"].get<int>(), r["videos_per_order"].get<int>(), r["provider_s"].get<int>());
  line("accepted orders, one is the newcomer's", r["orders"], "");
  line("videos", r["jobs"], "");
  line("delivered", r["delivered"], "", "all");
  line("accepted, p99", r["accepted_s"]["p99"], "s");
  line("accepted, the last", r["accepted_s"]["max"], "s", "< 10");
  line("share of the permitted submits", r["share_of_permitted"], "", ">= 0.98");
  line("submits too fast for the provider", r["too_fast_at_provider"], "", "0");
  line("sent after the result was ready, p99", r["past_ready_s"]["p99"], "s");
  line("submit to sent, the slowest", r["submit_to_sent_s"]["max"], "s", "<= provider's time + 5 %");
  line("all sent after", r["all_sent_s"], "s");
  line("best possible", r["best_possible_s"], "s");
  line("a newcomer's video is submitted after", r["newcomer_submitted_s"], "s");
  line("broken rules", static_cast<double>(r["broken_rules"].get<int>()), "", "0");
  line("the run took", r["wall_s"], "s");
  line("CPU", r["cpu_s"], "s");
  line("resident, with the simulated world", r["resident_mb"], "MB");
}

void show_presses(const json& r) {
  std::fprintf(stderr, "A menu meanwhile: %d orders of %d videos wait and run (real time)\n",
               r["orders"].get<int>(), r["videos_per_order"].get<int>());
  line("presses", r["presses"], "");
  line("unanswered", r["unanswered"], "", "0");
  line("press to toast, p99", r["toast_ms"]["p99"], "ms", "< 100");
  line("press to screen, p50", r["screen_ms"]["p50"], "ms");
  line("press to screen, p99", r["screen_ms"]["p99"], "ms", "< 100");
  line("press to screen, the slowest", r["screen_ms"]["max"], "ms");
  line("the same 10 s after the orders, p99", r["screen_ms_after_10_s"]["p99"], "ms", "< 100");
  line("submitted meanwhile", r["submitted_meanwhile"], "");
  line("broken limits, as the sandbox counts", r["sandbox_violations"], "", "0");
  line("resident", r["resident_mb"], "MB");
  line("threads", r["threads"], "");
}

void show_polls(const json& r) {
  std::fprintf(stderr, "%d jobs in flight, %s, each polled every %d s (real time, no network)\n",
               r["jobs"].get<int>(), r["restarted"] ? "after a restart" : "submitted one after the other",
               r["poll_every_s"].get<int>());
  line("polls", r["polls"], "");
  line("late, p50", r["late_s"]["p50"], "s");
  line("late, p99", r["late_s"]["p99"], "s");
  line("late, the latest", r["late_s"]["max"], "s", "<= 1");
  line("due and not polled", r["not_polled_though_due"], "", "0");
  line("CPU to adopt them", r["adopting_cpu_s"], "s");
  line("CPU per 1000 polls", r["cpu_s_per_1000_polls"], "s");
  line("share of a core", r["share_of_a_core"], "");
  line("resident", r["resident_mb"], "MB");
  line("threads", r["threads"], "");
}

void show_naive(const json& r) {
  std::fprintf(stderr, "The storm with %d blocking workers (real threads, the provider %g times as fast)\n",
               r["workers"].get<int>(), r["scale"].get<double>());
  line("all done after", r["all_done_s"], "s");
  line("share of the permitted submits", r["share_of_permitted"], "");
  line("a newcomer's video is submitted after", r["newcomer_submitted_s"], "s");
}

json run_all(const generation_setting& s, const std::string& only) {
  json all{{"bench", "generation"}};
  const auto part = [&](const std::string& name, auto measure, auto show) {
    if (!only.empty() && ("," + only + ",").find("," + name + ",") == only.npos) return;
    all[name] = in_a_process(measure);
    show(all[name]);
  };
  part(
      "storm", [&] { return measure_storm(s); }, show_storm);
  part(
      "naive", [&] { return measure_naive(s); }, show_naive);
  part(
      "presses", [&] { return measure_presses(s); }, show_presses);
  part(
      "polls", [&] { return measure_polls(s, false); }, show_polls);
  part(
      "polls_restarted", [&] { return measure_polls(s, true); }, show_polls);
  return all;
}

generation_setting read_arguments(int argc, char** argv, std::string& only) {
  generation_setting s;
  s.folder = ".";
  const std::pair<const char*, int*> numbers[] = {{"--users", &s.users},
                                                  {"--pack", &s.pack},
                                                  {"--provider-s", &s.provider_s},
                                                  {"--submits", &s.submits_per_10_s},
                                                  {"--time-limit-s", &s.time_limit_s},
                                                  {"--press-users", &s.press_users},
                                                  {"--presses", &s.presses},
                                                  {"--press-seconds", &s.press_seconds},
                                                  {"--jobs", &s.jobs},
                                                  {"--seconds", &s.seconds},
                                                  {"--poll-every-s", &s.poll_every_s},
                                                  {"--settle-s", &s.settle_s},
                                                  {"--naive-ms", &s.naive_provider_ms}};
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw std::invalid_argument{name + " needs a value"};
    const auto number =
        std::find_if(std::begin(numbers), std::end(numbers), [&](auto& n) { return name == n.first; });
    if (number != std::end(numbers)) *number->second = std::stoi(argv[i + 1]);
    else if (name == "--callbacks") s.callbacks = std::stoi(argv[i + 1]) != 0;
    else if (name == "--enforce") s.enforce_rate = std::stoi(argv[i + 1]) != 0;
    else if (name == "--only") only = argv[i + 1];
    else if (name == "--dir") s.folder = argv[i + 1];
    else throw std::invalid_argument{"unknown option " + name};
  }
  return s;
}

} // namespace
} // namespace troupe::bench

/// Run it where config/ is.
int main(int argc, char** argv) {
  using namespace troupe::bench;
  try {
    std::string only;
    auto s = read_arguments(argc, argv, only);
    s.folder += "/bench-generation-" + std::to_string(::getpid());
    std::filesystem::create_directories(s.folder);
    mallopt(M_TRIM_THRESHOLD, 256 << 20); // as `troupe serve` does
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    spdlog::set_level(spdlog::level::off); // its lines would stand in the JSON; refusals are counted
    const auto all = run_all(s, only);
    std::filesystem::remove_all(s.folder);
    std::cout << all.dump(2) << std::endl;
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what()
              << "\nusage: bench_generation [--users N] [--pack N] [--provider-s S] [--submits PER_10_S] "
                 "[--time-limit-s S] "
              << "[--callbacks 0|1] [--enforce 0|1] [--press-users N] [--presses N] [--press-seconds S] "
                 "[--jobs N] [--seconds S] "
              << "[--poll-every-s S] [--settle-s S] [--naive-ms MS] [--only "
                 "storm,naive,presses,polls,polls_restarted] "
              << "[--dir FOLDER]\n";
    return 2;
  }
}
