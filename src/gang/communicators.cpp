#include "gang/communicators.hpp"

#include "gang/watch.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"
#include "tutti/source_location.hpp"
#include "worker/task_context.hpp"
#include "worker/work.hpp"

#include <boost/mpi/communicator.hpp>
#include <mpi.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace tutti {
namespace gang {
namespace {

namespace mpi = boost::mpi;

Communicators* current = nullptr;

void check_mpi(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING + 1] = "";
  int length = 0;
  if (PMPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  throw Error(ErrorCode::mpi,
              std::string("the communicator of a gang could not be made: ") + what +
                  " failed: " + std::string(text, static_cast<std::size_t>(length)));
}

bool is_initialized() {
  int initialized = 0;
  PMPI_Initialized(&initialized);
  return initialized != 0;
}

MPI_Comm make(const mpi::communicator& parent, std::uint32_t number,
              std::span<const std::int32_t> members) {
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group group = MPI_GROUP_NULL;
  MPI_Comm made = MPI_COMM_NULL;
  check_mpi(PMPI_Comm_group(parent, &all), "MPI_Comm_group");
  check_mpi(PMPI_Group_incl(all, static_cast<int>(members.size()), members.data(), &group),
            "MPI_Group_incl");
  // The standard promises tags up to this.
  constexpr std::uint32_t tags = 32'768;
  check_mpi(PMPI_Comm_create_group(parent, group, static_cast<int>(number % tags), &made),
            "MPI_Comm_create_group");
  PMPI_Group_free(&group);
  PMPI_Group_free(&all);
  return made;
}

/// In one process: MPI is started where a gang needs it.
MPI_Comm make_alone(bool& started_here) {
  if (!is_initialized()) {
    int level = MPI_THREAD_SINGLE;
    check_mpi(PMPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &level), "MPI_Init_thread");
    started_here = true;
  }
  MPI_Comm made = MPI_COMM_NULL;
  check_mpi(PMPI_Comm_dup(MPI_COMM_SELF, &made), "MPI_Comm_dup");
  return made;
}

}  // namespace

struct Communicators::Parts {
  const mpi::communicator* parent = nullptr;
  bool started_here = false;
  std::mutex mutex;  ///< for the lists; never held while MPI waits
  std::map<std::uint32_t, mpi::communicator> known;
  std::vector<mpi::communicator> unneeded;
  std::set<std::uint32_t> failed;

  std::vector<mpi::communicator> take_unneeded() {
    const std::lock_guard lock(mutex);
    return std::exchange(unneeded, {});
  }
  mpi::communicator* find(std::uint32_t number) {
    const std::lock_guard lock(mutex);
    const auto found = known.find(number);
    return found == known.end() ? nullptr : &found->second;
  }
};

Communicators::Communicators(const mpi::communicator* parent) : parts_(new Parts) {
  parts_->parent = parent;
  current = this;
  link_collectives();
  link_makers();
  link_messages();
}

Communicators::~Communicators() {
  current = nullptr;
  // Members that still run, when the end is not an orderly one, keep theirs.
  static auto* const abandoned = new std::vector<std::unique_ptr<Parts>>;
  abandoned->push_back(std::move(parts_));
}

std::string Communicators::problem() const {
  if (!is_initialized()) return {};
  int level = MPI_THREAD_SINGLE;
  PMPI_Query_thread(&level);
  if (level >= MPI_THREAD_MULTIPLE) return {};
  return "gangs need MPI with the thread level MPI_THREAD_MULTIPLE, and this program runs with "
         "less; "
         "initialise it by MPI_Init_thread with MPI_THREAD_MULTIPLE, or let tutti do so with "
         "tutti::run(argc, argv, ...)";
}

mpi::communicator& Communicators::get(std::uint32_t number, std::span<const std::int32_t> members) {
  for (mpi::communicator& each : parts_->take_unneeded()) {
    MPI_Comm freed = each;
    PMPI_Comm_free(&freed);
  }
  if (mpi::communicator* known = parts_->find(number)) return *known;
  check(!members.empty(), "the members of a new communicator are named");
  const MPI_Comm made = parts_->parent != nullptr ? make(*parts_->parent, number, members)
                                                  : make_alone(parts_->started_here);
  check_mpi(PMPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  const std::lock_guard lock(parts_->mutex);
  return parts_->known.emplace(number, mpi::communicator(made, mpi::comm_attach)).first->second;
}

void Communicators::drop(std::uint32_t number, bool failed) {
  const std::lock_guard lock(parts_->mutex);
  const auto found = parts_->known.find(number);
  if (found == parts_->known.end()) return;
  // The member may still run: the object stays where it is.
  if (failed) {
    parts_->failed.insert(number);
    return;
  }
  parts_->unneeded.push_back(found->second);
  parts_->known.erase(found);
}

void Communicators::leave() {
  for (const mpi::communicator& each : parts_->take_unneeded()) {
    MPI_Comm freed = each;
    PMPI_Comm_free(&freed);
  }
  for (const auto& [number, each] : parts_->known) {
    MPI_Comm freed = each;
    if (!parts_->failed.contains(number)) PMPI_Comm_free(&freed);
  }
  if (!parts_->started_here) return;
  PMPI_Finalize();
  parts_->started_here = false;
}

}  // namespace gang

namespace detail {

boost::mpi::communicator& gang_communicator();

boost::mpi::communicator& gang_communicator() {
  const worker::TaskContext* task = worker::current_task();
  check(task != nullptr && task->member != nullptr && gang::current != nullptr,
        "only a member of a gang asks for its communicator");
  return gang::current->get(task->member->communicator, task->member->members);
}

}  // namespace detail
}  // namespace tutti
