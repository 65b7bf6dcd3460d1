#include "runtime/topology.hpp"

#include <hwloc.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tutti::runtime {
namespace {

struct BitmapFree {
  void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, BitmapFree>;

std::string list_of(hwloc_const_bitmap_t set) {
  char* text = nullptr;
  if (hwloc_bitmap_list_asprintf(&text, set) < 0) return {};
  std::string result(text);
  std::free(text);
  return result;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::uint64_t memory_of_node() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
}

/// hwloc's view of this machine, with the cores that the process had when it was first asked.
class Machine {
 public:
  Machine() {
    topology_.node_bytes = memory_of_node();
    topology_.cgroup_bytes = cgroup_memory_limit(read_file("/proc/self/cgroup"), "/sys/fs/cgroup");
    const Bitmap process(hwloc_bitmap_alloc());
    if (hwloc_topology_init(&machine_) != 0) return;
    // Only cores and hardware threads matter here; what is not asked for need not be discovered.
    hwloc_topology_set_all_types_filter(machine_, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(machine_, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
    if (hwloc_topology_load(machine_) != 0) return;
    if (hwloc_get_cpubind(machine_, process.get(), HWLOC_CPUBIND_PROCESS) != 0) return;
    find_cores(process.get());
    topology_.cpu_set = list_of(process.get());
  }

  const Topology& topology() const { return topology_; }

  bool bind(unsigned first, unsigned count) const {
    if (count == 0 || first >= cores_.size() || count > cores_.size() - first) return false;
    const Bitmap all(hwloc_bitmap_alloc());
    for (unsigned i = first; i < first + count; ++i)
      hwloc_bitmap_or(all.get(), all.get(), cores_[i].get());
    return hwloc_set_cpubind(machine_, all.get(), HWLOC_CPUBIND_THREAD) == 0;
  }

 private:
  void find_cores(hwloc_const_bitmap_t process) {
    const int depth = hwloc_get_type_or_below_depth(machine_, HWLOC_OBJ_CORE);
    const auto number = static_cast<unsigned>(hwloc_get_nbobjs_by_depth(machine_, depth));
    for (unsigned i = 0; i < number; ++i) {
      Bitmap set(hwloc_bitmap_dup(hwloc_get_obj_by_depth(machine_, depth, i)->cpuset));
      hwloc_bitmap_and(set.get(), set.get(), process);
      if (hwloc_bitmap_iszero(set.get()) == 0) cores_.push_back(std::move(set));
    }
    topology_.cores_of_node = std::max(1u, number);
    topology_.cores = std::max(1u, static_cast<unsigned>(cores_.size()));
  }

  hwloc_topology_t machine_ = nullptr;
  std::vector<Bitmap> cores_;
  Topology topology_;
};

const Machine& machine() {
  // Never destroyed: threads may still ask while the program ends.
  static const Machine* const result = new Machine;
  return *result;
}

/// A limit in a file of a control group; none when the file is missing or says "max".
std::optional<std::uint64_t> read_limit(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  // Version 1 writes a number near 2^63 for no limit.
  if (result.ec != std::errc{} || value >= (std::uint64_t{1} << 60)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> smaller(std::optional<std::uint64_t> left,
                                     std::optional<std::uint64_t> right) {
  if (!left || !right) return left ? left : right;
  return std::min(*left, *right);
}

/// The smallest limit from the group at `path` up to `mount`.
std::optional<std::uint64_t> limit_up_to(const std::filesystem::path& mount,
                                         std::filesystem::path path, const char* file) {
  std::optional<std::uint64_t> limit = read_limit(mount / file);
  path = path.relative_path();
  while (!path.empty()) {
    limit = smaller(limit, read_limit(mount / path / file));
    path = path.parent_path();
  }
  return limit;
}

bool lists_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == "memory") return true;
    if (comma == std::string_view::npos) break;
    controllers.remove_prefix(comma + 1);
  }
  return false;
}

/// True when the two lists of CPUs have one in common. Lists that cannot be read are taken to be
/// shared.
bool overlap(const std::string& left, const std::string& right) {
  if (left == right) return true;
  const Bitmap first(hwloc_bitmap_alloc());
  const Bitmap second(hwloc_bitmap_alloc());
  if (hwloc_bitmap_list_sscanf(first.get(), left.c_str()) != 0) return true;
  if (hwloc_bitmap_list_sscanf(second.get(), right.c_str()) != 0) return true;
  return hwloc_bitmap_intersects(first.get(), second.get()) != 0;
}

std::vector<std::size_t> sharing_with(const std::vector<RankOnNode>& ranks, std::size_t index) {
  std::vector<std::size_t> result;
  for (std::size_t other = 0; other < ranks.size(); ++other) {
    if (other == index || overlap(ranks[index].cpu_set, ranks[other].cpu_set))
      result.push_back(other);
  }
  return result;
}

ThreadQuestion question_of(const std::vector<RankOnNode>& ranks, std::size_t index) {
  ThreadQuestion question{
      .cores = ranks[index].cores, .workers_sharing = 0, .scheduler_sharing = false};
  for (const std::size_t other : sharing_with(ranks, index)) {
    if (ranks[other].works) {
      ++question.workers_sharing;
    } else {
      question.scheduler_sharing = true;
    }
  }
  return question;
}

/// What the options say about the threads of every worker.
struct ThreadWish {
  unsigned threads = 0;  ///< 0: by the cores
  unsigned cores_per_task = 1;
};

unsigned threads_of(const std::vector<RankOnNode>& ranks, std::size_t index, ThreadWish wish) {
  if (!ranks[index].works) return 0;
  if (wish.threads != 0) return wish.threads;
  return std::max(1u, default_threads(question_of(ranks, index)) / wish.cores_per_task);
}

std::string plural(std::uint64_t number, std::string_view noun) {
  return std::to_string(number).append(" ").append(noun).append(number == 1 ? "" : "s");
}

std::string node_warning(const std::vector<RankOnNode>& ranks, ThreadWish wish,
                         unsigned cores_of_node, std::string_view host) {
  unsigned threads = 0;
  unsigned workers = 0;
  for (std::size_t index = 0; index < ranks.size(); ++index) {
    threads += threads_of(ranks, index, wish);
    workers += ranks[index].works ? 1 : 0;
  }
  if (threads <= cores_of_node) return {};
  return std::string(host) + " runs " + plural(workers, "worker") + " with " +
         plural(threads, "thread") + " in all on its " + plural(cores_of_node, "core") +
         ": tasks will share cores; start fewer ranks or set a smaller threads_per_worker";
}

std::string bound_warning(const RankOnNode& rank, unsigned threads, std::string_view host) {
  return "the launcher bound rank " + std::to_string(rank.rank) + " on " + std::string(host) +
         " to " + plural(rank.cores, "core") + ", fewer than its " + plural(threads, "thread") +
         " (mpirun binds each rank to one core at two ranks, to a socket at more): use `mpirun "
         "--bind-to none`, `srun "
         "--cpus-per-task=" +
         std::to_string(threads) + "`, or set threads_per_worker to " + std::to_string(rank.cores);
}

}  // namespace

const Topology& topology() { return machine().topology(); }

bool bind_to_cores(unsigned first, unsigned count) { return machine().bind(first, count); }

std::optional<std::uint64_t> cgroup_memory_limit(std::string_view membership,
                                                 const std::filesystem::path& root) {
  std::optional<std::uint64_t> limit;
  while (!membership.empty()) {
    const std::size_t end = membership.find('\n');
    const std::string_view line = membership.substr(0, end);
    membership.remove_prefix(end == std::string_view::npos ? membership.size() : end + 1);
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::filesystem::path path(line.substr(second + 1));
    if (controllers.empty()) {
      limit = smaller(limit, limit_up_to(root, path, "memory.max"));
      limit = smaller(limit, limit_up_to(root / "unified", path, "memory.max"));
    } else if (lists_memory(controllers)) {
      limit = smaller(limit, limit_up_to(root / "memory", path, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

std::uint64_t usable_node_bytes(const Topology& topology, std::optional<std::uint64_t> job_bytes) {
  const std::optional<std::uint64_t> limit = smaller(topology.cgroup_bytes, job_bytes);
  if (topology.node_bytes == 0) return limit.value_or(0);
  return std::min(topology.node_bytes, limit.value_or(std::numeric_limits<std::uint64_t>::max()));
}

unsigned default_threads(const ThreadQuestion& question) {
  const unsigned workers = std::max(1u, question.workers_sharing);
  unsigned cores = question.cores;
  if (question.scheduler_sharing && cores > workers) --cores;
  return std::max(1u, cores / workers);
}

ThreadPlan plan_threads(const std::vector<RankOnNode>& ranks, std::size_t index,
                        unsigned threads_wanted, unsigned cores_of_node, std::string_view host,
                        unsigned cores_per_task) {
  const ThreadWish wish{.threads = threads_wanted, .cores_per_task = cores_per_task};
  ThreadPlan plan;
  const RankOnNode& me = ranks.at(index);
  const std::string crowded = node_warning(ranks, wish, cores_of_node, host);
  if (index == 0 && !crowded.empty()) plan.warnings.push_back(crowded);
  plan.threads = threads_of(ranks, index, wish);
  if (plan.threads == 0) return plan;
  const ThreadQuestion question = question_of(ranks, index);
  plan.cores_per_thread = std::max(1u, default_threads(question) / plan.threads);

  const bool bound = me.cores < cores_of_node;
  if (bound && plan.threads > me.cores && crowded.empty())
    plan.warnings.push_back(bound_warning(me, plan.threads, host));

  const unsigned scheduler_cores =
      question.scheduler_sharing && me.cores > question.workers_sharing ? 1 : 0;
  unsigned cores_used = scheduler_cores;
  bool same_sets = true;
  plan.first_core = scheduler_cores;
  for (const std::size_t other : sharing_with(ranks, index)) {
    same_sets = same_sets && ranks[other].cpu_set == me.cpu_set;
    if (!ranks[other].works) continue;
    const unsigned cores = plan.cores_per_thread * threads_of(ranks, other, wish);
    if (other < index) plan.first_core += cores;
    cores_used += cores;
  }
  // Cores that are left over may be used by other programs: then the system knows better where a
  // thread should run.
  plan.pin = same_sets && cores_used == me.cores;
  return plan;
}

}  // namespace tutti::runtime
