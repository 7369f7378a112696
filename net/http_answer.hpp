#pragma once
/// Reads one answer off a connection, however odd it is: every part of it has a limit. Knows no socket and no
/// clock. Private to the HTTP client.
#include "messages/http.hpp"
#include <cstddef>
#include <memory>
#include <string>

namespace troupe {

/// Of what comes before, between and behind bodies.
inline constexpr std::size_t answer_header_bytes_max = 65'536;
inline constexpr std::size_t answer_fields_max = 100;
inline constexpr std::size_t chunk_line_bytes_max = 1024; ///< a chunk's size and extensions; a trailer
inline constexpr int interim_answers_max = 3;             ///< "100 Continue" and its like

class http_answer_reader {
public:
  http_answer_reader();
  ~http_answer_reader();
  http_answer_reader(const http_answer_reader&) = delete;
  http_answer_reader& operator=(const http_answer_reader&) = delete;

  /// The next answer is to this. `redirects`: an answer that leads elsewhere is done with its header.
  void expect(const http_request& request, bool redirects);

  /// Room for bytes that come; then how many there were. What is behind the answer stays in there.
  std::pair<char*, std::size_t> room(std::size_t bytes);
  void took(std::size_t bytes);
  /// No more will come: without a length this is how a body ends.
  void ended();

  bool is_done() const; ///< All of it is here, or what is wrong with it is known.
  /// Of a failure the words say what was wrong.
  http_reply reply();
  std::string location() const; ///< Of a redirect that may be followed; else "".
  bool may_go_on() const;       ///< Another request may be sent on the same connection.
  std::size_t left_over() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
