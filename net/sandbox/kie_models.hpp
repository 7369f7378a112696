#pragma once
/// The video models kie.ai sells: what each takes, what it refuses and in which words, and its price.
#include "net/sandbox/kie_faults.hpp"
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace troupe::sandbox {

struct kie_order {
  std::optional<kie_refusal> refusal;
  std::string prompt, aspect, resolution;
  double price = 0; ///< kie's credits
};

/// `input` of /api/v1/jobs/createTask.
kie_order read_job_order(const std::string& model, const nlohmann::json& input);
/// Body of /api/v1/veo/generate.
kie_order read_veo_order(const nlohmann::json& body);
/// What createTask knows.
std::vector<std::string> kie_model_names();

} // namespace troupe::sandbox
