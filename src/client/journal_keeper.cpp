#include "client/journal_keeper.hpp"

#include "base/log.hpp"
#include "base/module_table.hpp"
#include "client/journal_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti::client_module {
namespace {

using base::ContentHash;
using detail::FunctionOps;
using detail::Lineage;
using detail::ValuePtr;
using journal::Place;

/// Results that wait to be written take at most so many bytes.
constexpr std::uint64_t pending_bytes_max = std::uint64_t{256} << 20;
/// Elements that are read as one stretch.
constexpr std::uint64_t stretch_count_max = 1 << 20;
constexpr std::uint64_t stretch_bytes_max = 64 << 20;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

journal::RecorderOptions recorder_options(std::function<void(const char*)> thread_setup) {
  journal::RecorderOptions options;
  options.warn = [](const std::string& sentence) { base::log_warning(sentence); };
  options.thread_setup = std::move(thread_setup);
  return options;
}

/// What a call does: the work, or the function.
std::string work_text(const FunctionOps& function, const TaskOptions& options,
                      const detail::CallBuilder& builder) {
  if (options.name.empty()) return "function " + function.name(builder.payload.bytes());
  return "work " + options.name + "\n" + options.version;
}

}  // namespace

JournalKeeper::JournalKeeper(const Options& options, std::function<void(const char*)> thread_setup)
    : options_(options),
      build_(fmt::format("{:016x}", base::program_identity())),
      journal_(options.journal, recorder_options(std::move(thread_setup))) {}

// ---- before a call

RecordedWorkPtr JournalKeeper::work_of(const FunctionOps& function, const TaskOptions& options,
                                       const detail::CallBuilder& builder,
                                       const Lineage::Ptr& lineage,
                                       std::optional<std::uint64_t> total) {
  if (options.name.empty()) return nullptr;
  if (!lineage) {
    base::log_warning_once("journal input " + options.name,
                           "the work '" + options.name +
                               "' is not recorded in the journal: one of its arguments follows "
                               "from something that has no identity, such as the results of run()");
    return nullptr;
  }
  if (function.result != nullptr && function.result->write == nullptr) {
    base::log_warning_once("journal type " + options.name,
                           "the work '" + options.name +
                               "' is not recorded in the journal: its result has the type " +
                               function.result->type_name() + ", which cannot be written as bytes");
    return nullptr;
  }
  auto work = std::make_shared<RecordedWork>();
  work->function = &function;
  work->name = options.name;
  work->submitted_ns = now_ns();
  work->keys.reserve(total.value_or(1));
  for (std::uint64_t index = 0; index < total.value_or(1); ++index)
    work->keys.push_back(lineage->at(index));
  work->series = series_of(function, options, builder);
  return work;
}

std::uint32_t JournalKeeper::series_of(const FunctionOps& function, const TaskOptions& options,
                                       const detail::CallBuilder& builder) {
  const std::lock_guard lock(last_mutex_);
  if (last_.function == &function && last_.name == options.name && last_.version == options.version)
    return last_.number;
  last_ = {&function, options.name, options.version,
           journal_.recorder().series(
               {options.name, options.version, function.name(builder.payload.bytes()),
                function.result == nullptr ? "void" : function.result->type_name(), build_,
                layout_of(function.result)})};
  return last_.number;
}

/// What need not be computed: results, and failures that are not tried again.
std::optional<Place> JournalKeeper::find(const ContentHash& key) {
  const std::optional<Place> place = journal_.archive().find(key);
  if (!place || (place->failed && options_.journal_retry)) return std::nullopt;
  return place;
}

void JournalKeeper::warn_of_build(std::uint32_t table) {
  if (warned_of_build_.load(std::memory_order_relaxed)) return;
  const std::string& build = journal_.archive().series(table).build;
  if (build == build_ || warned_of_build_.exchange(true)) return;
  base::log_warning("the journal '" + journal_.paths().folder().string() +
                    "' has results of another build of this program, which are taken; give work "
                    "whose function has changed another version");
}

void JournalKeeper::add_failure(Recording& recording, const Place& place, std::uint64_t index) {
  const journal::Failure recorded = journal_.archive().read_failure(place);
  TaskFailure failure;
  failure.type = recorded.type;
  failure.message = recorded.message;
  failure.function = journal_.archive().series(place.table).function;
  failure.task = recording.work->name;
  failure.story = "failed in an earlier run, by the journal '" +
                  journal_.paths().folder().string() +
                  "', and was not tried again: the option journal_retry is off";
  recording.failures[index] = std::make_shared<const TaskFailure>(std::move(failure));
}

Recording JournalKeeper::begin_call(const FunctionOps& function, const TaskOptions& options,
                                    const detail::CallBuilder& builder) {
  Recording recording;
  recording.lineage = lineages_.of_call(work_text(function, options, builder), function, builder);
  recording.work = work_of(function, options, builder, recording.lineage, std::nullopt);
  if (!recording.work) return recording;
  const std::optional<Place> place = find(recording.work->keys.front());
  if (!place) return recording;
  warn_of_build(place->table);
  recording.known_count = 1;
  KnownStretch known{0, 1, {}};
  if (place->failed) {
    add_failure(recording, *place, 0);
  } else if (function.result != nullptr) {
    known.value = read_result(journal_.archive(), *function.result, place->table, place->row);
  }
  recording.known.push_back(std::move(known));
  return recording;
}

Recording JournalKeeper::begin_map(const FunctionOps& function, const TaskOptions& options,
                                   std::uint64_t total, const detail::CallBuilder& builder) {
  Recording recording;
  recording.lineage =
      lineages_.of_map(work_text(function, options, builder), function, total, builder);
  recording.work = work_of(function, options, builder, recording.lineage, total);
  if (recording.work && journal_.archive().results() != 0) find_elements(recording);
  return recording;
}

/// Elements that lie side by side, in the map and in the journal, are read together.
void JournalKeeper::find_elements(Recording& recording) {
  const std::vector<ContentHash>& keys = recording.work->keys;
  Place first;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  const auto finish = [&] {
    if (count != 0) add_known(recording, first, begin, count);
    count = 0;
  };
  for (std::uint64_t index = 0; index < keys.size(); ++index) {
    const std::optional<Place> place = find(keys[index]);
    if (!place) {
      finish();
      continue;
    }
    const bool goes_on = count != 0 && count < stretch_count_max && !place->failed &&
                         !first.failed && place->table == first.table &&
                         place->row == first.row + count;
    if (!goes_on) {
      finish();
      first = *place;
      begin = index;
    }
    ++count;
  }
  finish();
}

void JournalKeeper::add_known(Recording& recording, const Place& place, std::uint64_t begin,
                              std::uint64_t count) {
  warn_of_build(place.table);
  recording.known_count += count;
  const FunctionOps& function = *recording.work->function;
  if (place.failed) {
    add_failure(recording, place, begin);
    KnownStretch known{begin, 1, ValuePtr(function.make_results(begin, 1))};
    if (known.value) static_cast<detail::ElementsBase&>(*known.value).failed.push_back(begin);
    recording.known.push_back(std::move(known));
    return;
  }
  if (function.result == nullptr) {
    recording.known.push_back({begin, count, {}});
    return;
  }
  journal::Archive& archive = journal_.archive();
  std::uint64_t row = place.row;
  while (count != 0) {
    // Long results one by one, so that no stretch becomes very large.
    std::uint64_t taken = count;
    if (function.result->form.count == 0) {
      const std::vector<std::uint64_t> bytes = archive.row_bytes(place.table, row, count);
      std::uint64_t sum = 0;
      taken = 0;
      while (taken < count && (taken == 0 || sum + bytes[taken] <= stretch_bytes_max))
        sum += bytes[taken++];
    } else {
      taken = std::clamp<std::uint64_t>(
          stretch_bytes_max / archive.series(place.table).layout.row_bytes(), 1, count);
    }
    recording.known.push_back(
        {begin, taken, read_stretch(archive, function, place.table, row, begin, taken)});
    begin += taken;
    row += taken;
    count -= taken;
  }
}

// ---- after it

bool JournalKeeper::is_full() const {
  return journal_.recorder().pending_bytes() >= pending_bytes_max;
}

journal::NewResults JournalKeeper::new_results(const RecordedWork& work, std::uint64_t begin,
                                               std::uint64_t count, int rank) const {
  journal::NewResults results;
  results.series = work.series;
  results.first_index = begin;
  results.circumstances = {work.submitted_ns, now_ns(), rank};
  const auto first = work.keys.begin() + static_cast<std::ptrdiff_t>(begin);
  results.keys.assign(first, first + static_cast<std::ptrdiff_t>(count));
  results.make = [] { return journal::Payload{}; };
  return results;
}

void JournalKeeper::record(const RecordedWork& work, ValuePtr value, int rank) {
  journal::NewResults results = new_results(work, 0, 1, rank);
  if (value) {
    results.bytes = value->ops().nbytes(*value);
    results.make = [value = std::move(value)] { return payload_of(value); };
  }
  journal_.recorder().append(std::move(results));
}

void JournalKeeper::record(const RecordedWork& work, std::span<const std::byte> stream, int rank) {
  journal::NewResults results = new_results(work, 0, 1, rank);
  results.bytes = stream.size();
  const auto bytes = std::make_shared<Bytes>(Bytes::copy_of(stream));
  results.make = [ops = work.function->result, bytes] {
    return payload_of(*ops, std::move(*bytes));
  };
  journal_.recorder().append(std::move(results));
}

void JournalKeeper::record(const RecordedWork& work, const ValuePtr& stretch, std::uint64_t begin,
                           std::uint64_t count, std::span<const std::uint64_t> failed, int rank) {
  const std::uint64_t end = begin + count;
  const auto record_run = [&](std::uint64_t first, std::uint64_t last) {
    if (first == last) return;
    journal::NewResults results = new_results(work, first, last - first, rank);
    if (stretch) {
      results.bytes = stretch->ops().nbytes(*stretch) / count * (last - first);
      results.make = [stretch, first, last] { return payload_of(stretch, first, last - first); };
    }
    journal_.recorder().append(std::move(results));
  };
  for (const std::uint64_t index : failed) {
    record_run(begin, index);
    begin = index + 1;
  }
  record_run(begin, end);
}

void JournalKeeper::record_failure(const RecordedWork& work, std::uint64_t index,
                                   const TaskFailure& failure) {
  journal_.recorder().append(journal::Failure{work.series,
                                              index,
                                              {work.submitted_ns, now_ns(), failure.rank},
                                              work.keys.at(index),
                                              failure.type,
                                              failure.message});
}

}  // namespace tutti::client_module
