#pragma once

/// Two files define the same names without linkage, spelled alike.

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

namespace first_file {
std::vector<std::string> answers(tutti::Client& client);
}
namespace second_file {
std::vector<std::string> answers(tutti::Client& client);
}
