#pragma once

/// JournalKeeper: what a core does with a journal: which work is recorded, what of it is there
/// already, and how results get into it.

#include "client/lineage.hpp"
#include "journal/journal.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/options.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tutti::client_module {

/// Work that is recorded: a task, or a map.
struct RecordedWork {
  std::uint32_t series = 0;
  const detail::FunctionOps* function = nullptr;
  std::string name;
  std::int64_t submitted_ns = 0;
  std::vector<base::ContentHash> keys;  ///< of the result, or of each element
};
using RecordedWorkPtr = std::shared_ptr<const RecordedWork>;

/// Results of a stretch of a map that the journal had.
struct KnownStretch {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  detail::ValuePtr value;  ///< null for void
};

/// What is known of a call when it is submitted.
struct Recording {
  detail::Lineage::Ptr lineage;
  RecordedWorkPtr work;  ///< null when it is not recorded
  /// What the journal had. Of a single task: one stretch, whose value is the result.
  std::vector<KnownStretch> known;
  std::map<std::uint64_t, detail::FailurePtr> failures;  ///< stretches of their own in `known`
  std::uint64_t known_count = 0;
};

/// Any thread may call any function.
class JournalKeeper {
 public:
  /// Opens the journal of the options. Throws what Journal throws.
  JournalKeeper(const Options& options, std::function<void(const char*)> thread_setup);

  const LineageMaker& lineages() const { return lineages_; }

  /// Looks a call up before it is submitted; `builder` is whole. Throws Error when what is recorded
  /// cannot be read.
  Recording begin_call(const detail::FunctionOps& function, const TaskOptions& options,
                       const detail::CallBuilder& builder);
  Recording begin_map(const detail::FunctionOps& function, const TaskOptions& options,
                      std::uint64_t total, const detail::CallBuilder& builder);

  /// A result, which may be null for void; or its stream.
  void record(const RecordedWork& work, detail::ValuePtr value, int rank);
  void record(const RecordedWork& work, std::span<const std::byte> stream, int rank);
  /// Elements [begin, begin + count) of a map, without those of them that failed, ascending.
  void record(const RecordedWork& work, const detail::ValuePtr& stretch, std::uint64_t begin,
              std::uint64_t count, std::span<const std::uint64_t> failed, int rank);
  void record_failure(const RecordedWork& work, std::uint64_t index, const TaskFailure& failure);

  /// True when more results would not find room now.
  bool is_full() const;
  bool has_failed() const { return journal_.recorder().has_failed(); }
  void flush() { journal_.recorder().flush(); }
  void close() { journal_.close(); }

 private:
  RecordedWorkPtr work_of(const detail::FunctionOps& function, const TaskOptions& options,
                          const detail::CallBuilder& builder, const detail::Lineage::Ptr& lineage,
                          std::optional<std::uint64_t> total);
  std::uint32_t series_of(const detail::FunctionOps& function, const TaskOptions& options,
                          const detail::CallBuilder& builder);
  std::optional<journal::Place> find(const base::ContentHash& key);
  void find_elements(Recording& recording);
  void add_known(Recording& recording, const journal::Place& place, std::uint64_t begin,
                 std::uint64_t count);
  void add_failure(Recording& recording, const journal::Place& place, std::uint64_t index);
  void warn_of_build(std::uint32_t table);
  journal::NewResults new_results(const RecordedWork& work, std::uint64_t begin,
                                  std::uint64_t count, int rank) const;

  const Options options_;
  const std::string build_;
  journal::Journal journal_;
  LineageMaker lineages_;
  /// The last named work: calls of one kind follow each other.
  struct LastSeries {
    const detail::FunctionOps* function = nullptr;
    std::string name;
    std::string version;
    std::uint32_t number = 0;
  };
  std::mutex last_mutex_;
  LastSeries last_;
  std::atomic<bool> warned_of_build_{false};
};

}  // namespace tutti::client_module
