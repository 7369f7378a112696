#pragma once
// Catch2 2 (Debian 12) or 3 (Debian 13, Ubuntu 24.04): the one place that knows.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
