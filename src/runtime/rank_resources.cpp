#include "runtime/rank_resources.hpp"

#include "base/resource_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace tutti::runtime {
namespace {

/// Ranks that see the same devices.
struct Company {
  std::vector<std::size_t> undeclared;
  std::int32_t next = 0;  ///< the first device that no rank has declared
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end != begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::vector<std::string> visible_devices(const Environment& environment) {
  static constexpr std::array names{"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                    "HIP_VISIBLE_DEVICES",  "ZE_AFFINITY_MASK",
                                    "SLURM_STEP_GPUS",      "SLURM_JOB_GPUS"};
  for (const char* name : names) {
    const auto found = environment.find(name);
    if (found == environment.end()) continue;
    // CUDA's own word for none, and Slurm's.
    if (found->second == "-1" || found->second == "NoDevFiles") return {};
    return split(found->second);
  }
  return {};
}

std::vector<protocol::Resources> deal_resources(std::span<const ResourceOffer> offers) {
  std::vector<protocol::Resources> all(offers.size());
  std::map<std::pair<int, std::vector<std::string>>, Company> companies;
  for (std::size_t rank = 0; rank < offers.size(); ++rank) {
    const ResourceOffer& offer = offers[rank];
    if (!offer.works) continue;
    protocol::Resources& own = all[rank];
    own.amounts = base::parse_resources(offer.declared).value_or(std::map<std::string, double>{});
    Company& company = companies[{offer.node, offer.visible_devices}];
    const auto declared = own.amounts.find(protocol::device_resource);
    if (declared == own.amounts.end()) {
      company.undeclared.push_back(rank);
      continue;
    }
    declared->second = std::floor(declared->second);
    for (auto left = static_cast<std::int32_t>(declared->second); left > 0; --left)
      own.devices.push_back(company.next++);
    if (own.devices.empty()) own.amounts.erase(declared);
  }
  for (const auto& [key, company] : companies) {
    const auto devices = static_cast<std::int32_t>(key.second.size());
    if (company.undeclared.empty()) continue;
    std::size_t turn = 0;
    for (std::int32_t device = company.next; device < devices; ++device) {
      protocol::Resources& own = all[company.undeclared[turn++ % company.undeclared.size()]];
      own.devices.push_back(device);
      own.amounts[protocol::device_resource] += 1;
    }
  }
  return all;
}

}  // namespace tutti::runtime
