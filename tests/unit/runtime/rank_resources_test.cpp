#include "runtime/rank_resources.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::runtime {
namespace {

using Devices = std::vector<std::int32_t>;
const std::vector<std::string> four{"0", "1", "2", "3"};

TEST_CASE("GPUs are found from what CUDA, ROCm, oneAPI and Slurm say") {
  CHECK(visible_devices({}).empty());
  CHECK(visible_devices({{"CUDA_VISIBLE_DEVICES", "2,GPU-1f"}}) ==
        std::vector<std::string>{"2", "GPU-1f"});
  CHECK(visible_devices({{"CUDA_VISIBLE_DEVICES", "NoDevFiles"}}).empty());
  CHECK(visible_devices({{"CUDA_VISIBLE_DEVICES", ""}, {"SLURM_JOB_GPUS", "0,1"}}).empty());
  CHECK_EQ(visible_devices({{"SLURM_JOB_GPUS", "0,1"}}).size(), 2);
  CHECK_EQ(visible_devices({{"ROCR_VISIBLE_DEVICES", "0,1,2"}}).size(), 3);
}

TEST_CASE("GPUs that several ranks see are dealt out among those that work") {
  const std::vector<ResourceOffer> offers{{false, 0, "", four},
                                          {true, 0, "", four},
                                          {true, 0, "license=0.5", four},
                                          {true, 1, "", four}};
  const auto all = deal_resources(offers);
  CHECK(all[0].devices.empty());
  CHECK(all[1].devices == Devices{0, 2});
  CHECK(all[2].devices == Devices{1, 3});
  CHECK_EQ(all[2].amounts.at("license"), 0.5);
  CHECK_EQ(all[2].amounts.at("gpu"), 2);
  CHECK(all[3].devices == Devices{0, 1, 2, 3});
}

TEST_CASE("ranks that see GPUs of their own have those") {
  const std::vector<ResourceOffer> offers{{true, 0, "", {"4"}}, {true, 0, "", {"5"}}};
  const auto all = deal_resources(offers);
  CHECK(all[0].devices == Devices{0});
  CHECK(all[1].devices == Devices{0});
}

TEST_CASE("what is declared counts, and is not dealt out again") {
  const std::vector<ResourceOffer> offers{
      {true, 0, "gpu=2", four}, {true, 0, "gpu=1", four}, {true, 0, "", four}};
  const auto all = deal_resources(offers);
  CHECK(all[0].devices == Devices{0, 1});
  CHECK(all[1].devices == Devices{2});
  CHECK(all[2].devices == Devices{3});
}

}  // namespace
}  // namespace tutti::runtime
