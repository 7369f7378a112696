#pragma once
/// The settings of kie.ai's stand-in as JSON: what the fault panel and tests read and change.
#include "net/sandbox/kie_world.hpp"

namespace troupe::sandbox {

nlohmann::json shown(kie_world& world, const std::string& webhook_key, std::int64_t now);
/// All or nothing, and no unknown names: a misspelt fault would let a test pass that tests nothing.
/// @throws std::runtime_error that says which value is wrong and what it may be.
void change(kie_world& world, std::string& webhook_key, const nlohmann::json& wanted, std::int64_t now);

} // namespace troupe::sandbox
