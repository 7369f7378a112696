#pragma once
/// The steps of a load, each in a file of its own: they put what is right into the settings and what is wrong
/// into `f`. For config/ alone.
#include "config/faults.hpp"
#include "config/option_table.hpp"

namespace troupe::config {

/// Option -> where its value came from: a file's line or a variable.
using origin_map = std::map<std::string, std::string>;

void read_options(const std::string& path, std::vector<option>& all, origin_map& origins, faults& f);
void read_environment(const environment& env, std::vector<option>& all, origin_map& origins, faults& f);
/// Names that mean nothing, though they look as if they should.
void check_names(const environment& env, const std::vector<option>& all, std::vector<std::string>& doubts,
                 faults& f);
void check_options(const options& o, std::vector<option>& all, const origin_map& origins, faults& f);
std::vector<model> read_models(const std::string& path, faults& f);
void read_presets(const std::string& path, settings& s, faults& f);
texts read_texts(const std::string& dir, faults& f);

} // namespace troupe::config
