#pragma once
/// How a job or the dispatcher tells administrators something: the watchman groups what is alike.
#include "actors/causes.hpp"
#include "actors/spawn.hpp"

namespace troupe {

template <class Self> void raise_alarm(Self self, const job_desk& desk, alarm a) {
  if (desk.watchman) self->send(desk.watchman, std::move(a)); // none: a test that listens to none
}
template <class Self> void end_alarm(Self self, const job_desk& desk, alarm_over a) {
  if (desk.watchman) self->send(desk.watchman, std::move(a));
}

} // namespace troupe
