#pragma once
/// The payer's page as text.
#include "net/sandbox/yookassa_world.hpp"
#include <string>

namespace troupe::sandbox {

std::string yookassa_page(const yookassa_bill& bill);

} // namespace troupe::sandbox
