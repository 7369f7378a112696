#pragma once
/// What `GET /health` answers.
#include "actors/context.hpp"
#include <string>
#include <utility>

namespace troupe {

/// 200 while the engine does its work, 503 when it does not; then `why` says what is wrong, in words for the
/// operator.
std::pair<int, std::string> health_answer(const engine_context& ctx, unix_ms began_at);

} // namespace troupe
