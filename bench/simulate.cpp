/// The simulated week, for as long as asked: seed after seed until the time is over or a rule is broken.
#include "tests/simulation/run.hpp"
#include <chrono>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace troupe::simulation;

namespace {

struct orders {
  run_setting run;
  int seconds = 0; ///< 0: one seed
  bool json = false;
};

nlohmann::json as_json(const summary& all, double seconds) {
  return {{"bench", "simulate"},
          {"seeds", all.seeds},
          {"days", all.days},
          {"events", all.events},
          {"orders", all.orders.orders},
          {"delivered", all.orders.delivered},
          {"purchases", all.orders.purchases},
          {"crashes", all.crashes},
          {"broken_rules", all.violations},
          {"days_per_s", static_cast<double>(all.days) / seconds}};
}

orders read_arguments(int argc, char** argv) {
  orders o;
  o.run.days = 7;
  o.run.users = 20;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--verbose") {
      o.run.verbose = true;
      continue;
    }
    if (name == "--json") {
      o.json = true;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument{name + " needs a value"};
    const std::string value = argv[++i];
    if (name == "--seed") o.run.seed = std::stoull(value);
    else if (name == "--days") o.run.days = std::stoi(value);
    else if (name == "--users") o.run.users = std::stoi(value);
    else if (name == "--until") o.run.until = std::stoll(value);
    else if (name == "--seconds") o.seconds = std::stoi(value);
    else if (name == "--plant") o.run.bug = planted_from(value);
    else throw std::invalid_argument{"unknown option " + name};
  }
  return o;
}

} // namespace

int main(int argc, char** argv) {
  try {
    auto o = read_arguments(argc, argv);
    const auto start = std::chrono::steady_clock::now();
    summary all;
    do {
      const auto r = run_seed(o.run);
      all.add(r);
      if (o.run.until > 0 && !o.run.verbose) std::cout << r.tail;
      if (!r.violations.empty()) {
        (o.json ? std::cerr : std::cout) << story(o.run, r) << all.text() << "\n";
        return 1;
      }
      ++o.run.seed;
    } while (std::chrono::steady_clock::now() - start < std::chrono::seconds{o.seconds});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    (o.json ? std::cerr : std::cout) << all.text() << "; " << took.count() << " s\n";
    if (o.json) std::cout << as_json(all, took.count()).dump(2) << std::endl;
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what()
              << "\nusage: bench_simulate [--seed N] [--days D] [--users U] [--until E] [--seconds S] "
              << "[--verbose] [--json] [--plant drop|resubmit|void|hasty|twice|unpaid]\n";
    return 2;
  }
}
