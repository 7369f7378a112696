#pragma once
/// An edge: one place where the product reads what others wrote, as a function of any bytes, and what must
/// hold whatever they are. Under libFuzzer each is a program of its own; in the ordinary tests all of them
/// replay their corpus.
#include "messages/http.hpp"
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace troupe::fuzz {

/// A promise that did not hold. No std::exception, so that nobody catches it by the way.
struct broken {
  std::string promise;
};

inline void must(bool holds, const std::string& promise) {
  if (holds) return;
#ifdef TROUPE_FUZZER
  std::cerr << "BROKEN PROMISE: " << promise << std::endl;
  std::abort(); // here, so that the trace shows who asked
#else
  throw broken{promise};
#endif
}

/// The bytes of one case, eaten from the left.
class input {
public:
  input(const std::uint8_t* data, std::size_t size) : all_{data, data + size} {}

  bool empty() const { return at_ >= all_.size(); }
  /// 0 behind the end.
  std::uint8_t byte() { return empty() ? 0 : static_cast<std::uint8_t>(all_[at_++]); }
  /// Up to the next line's end, or the end.
  std::string line() {
    const auto end = std::min(all_.find('\n', at_), all_.size());
    auto text = all_.substr(at_, end - at_);
    at_ = std::min(end + 1, all_.size());
    return text;
  }
  std::string rest() {
    auto text = all_.substr(at_);
    at_ = all_.size();
    return text;
  }

private:
  std::string all_;
  std::size_t at_ = 0;
};

/// "200", "-lost", a line of its own, then the body: so an answer of a service stands in its corpus file.
inline http_reply reply_of(input& in) {
  const auto first = in.line();
  http_reply r;
  const std::pair<const char*, http_error> errors[] = {{"-refused", http_error::refused},
                                                       {"-lost", http_error::lost},
                                                       {"-too large", http_error::too_large},
                                                       {"-stopped", http_error::stopped},
                                                       {"-no file", http_error::no_file}};
  for (const auto& [word, error] : errors)
    if (first == word) r.error = error;
  if (r.error != http_error::none) return r; // no status and no body then
  for (const char c : first.substr(0, 3))
    if (c >= '0' && c <= '9') r.status = r.status * 10 + (c - '0');
  if (r.status < 100) r.status = 200;
  if (const auto more = first.find(' '); more != first.npos)
    r.headers.emplace_back("retry-after", first.substr(more + 1));
  r.body = in.rest();
  return r;
}

/// Whether every sequence is whole, shortest, and a character.
bool is_utf8(const std::string& text);
std::size_t characters(const std::string& utf8);
bool holds(const std::string& text, const std::string& part);

struct edge {
  const char* name;
  void (*run)(input);
};
/// All of this program.
std::vector<edge>& edges();

} // namespace troupe::fuzz

#ifdef TROUPE_FUZZER
#define EDGE(name)                                                                                           \
  static void name(troupe::fuzz::input in);                                                                  \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {                        \
    name({data, size});                                                                                      \
    return 0;                                                                                                \
  }                                                                                                          \
  static void name(troupe::fuzz::input in)
#else
#define EDGE(name)                                                                                           \
  static void name(troupe::fuzz::input in);                                                                  \
  static const bool name##_is_known = (troupe::fuzz::edges().push_back({#name, name}), true);                \
  static void name(troupe::fuzz::input in)
#endif
