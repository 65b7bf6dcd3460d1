#pragma once

/// What each rank has for tasks that ask for more than cores: declared, or found from the batch
/// system. Pure: the environment is passed in.

#include "protocol/demand.hpp"
#include "runtime/launch_environment.hpp"

#include <span>
#include <string>
#include <vector>

namespace tutti::runtime {

/// The GPUs that a process may use, as its environment names them (CUDA_VISIBLE_DEVICES,
/// ROCR_VISIBLE_DEVICES, HIP_VISIBLE_DEVICES, ZE_AFFINITY_MASK, else Slurm's SLURM_STEP_GPUS and
/// SLURM_JOB_GPUS). Empty when nobody says.
std::vector<std::string> visible_devices(const Environment& environment);

/// What a rank brings.
struct ResourceOffer {
  bool works = true;
  int node = 0;
  std::string declared;  ///< the option `resources`, a valid text
  std::vector<std::string> visible_devices = {};
};

/// What each rank has. GPUs that several ranks of a node see are dealt out among those that work,
/// so that none is given twice. A device's number is its place among those that its process sees,
/// which is what CUDA and HIP call it there.
std::vector<protocol::Resources> deal_resources(std::span<const ResourceOffer> offers);

}  // namespace tutti::runtime
