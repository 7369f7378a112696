#pragma once
/// For actors that answer questions from a database.
#include <caf/all.hpp>
#include <string>

namespace troupe {

/// An exception would end the actor; the asker gets an error instead.
template <class Reply, class Ask> caf::result<Reply> answer(Ask ask) {
  try {
    return ask();
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
  }
}

} // namespace troupe
