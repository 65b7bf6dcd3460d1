#include "base/options.hpp"

#include "base/nearest_name.hpp"
#include "base/resource_text.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

namespace tutti::base {
namespace {

constexpr std::string_view prefix = "TUTTI_";

/// One option. `parse` returns false when the text is no value of it, `accepts` when the value is
/// out of its limits.
struct Setting {
  std::string_view name;
  std::string allowed;
  std::string_view help;
  std::function<bool(Options&, std::string_view)> parse;
  std::function<std::string(const Options&)> show;
  std::function<bool(const Options&)> accepts = [](const Options&) { return true; };
  bool of_each_rank = false;  ///< ranks may differ in it

  std::string variable() const {
    std::string result(prefix);
    for (const char letter : name) {
      result += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    return result;
  }
};

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_bool(std::string_view text, bool& value) {
  const std::string word = lower_case(text);
  const bool yes = word == "1" || word == "true" || word == "yes" || word == "on";
  const bool no = word == "0" || word == "false" || word == "no" || word == "off";
  if (yes || no) value = yes;
  return yes || no;
}

bool parse_integer(std::string_view text, std::uint64_t& value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc{} && result.ptr == end;
}

/// A size as it can be read again, in the largest unit that loses nothing.
std::string show_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> units{"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes).append(units[unit]);
}

Setting text_setting(std::string_view name, std::string Options::*member, std::string allowed,
                     std::string_view help) {
  return {.name = name,
          .allowed = std::move(allowed),
          .help = help,
          .parse =
              [member](Options& options, std::string_view text) {
                options.*member = text;
                return true;
              },
          .show = [member](const Options& options) { return options.*member; }};
}

Setting switch_setting(std::string_view name, bool Options::*member, std::string_view help) {
  return {
      .name = name,
      .allowed = "on or off",
      .help = help,
      .parse = [member](Options& options,
                        std::string_view text) { return parse_bool(text, options.*member); },
      .show =
          [member](const Options& options) { return std::string(options.*member ? "on" : "off"); }};
}

template <class Integer>
Setting number_setting(std::string_view name, Integer Options::*member, std::uint64_t smallest,
                       std::uint64_t largest, std::string_view unit, std::string_view help) {
  std::string allowed = "a whole number";
  if (!unit.empty()) allowed.append(" of ").append(unit);
  allowed.append(" from ")
      .append(std::to_string(smallest))
      .append(" to ")
      .append(std::to_string(largest));
  return {.name = name,
          .allowed = std::move(allowed),
          .help = help,
          .parse =
              [member](Options& options, std::string_view text) {
                std::uint64_t value = 0;
                if (!parse_integer(text, value) || value > std::numeric_limits<Integer>::max())
                  return false;
                options.*member = static_cast<Integer>(value);
                return true;
              },
          .show = [member](const Options& options) { return std::to_string(options.*member); },
          .accepts =
              [member, smallest, largest](const Options& options) {
                return options.*member >= smallest && options.*member <= largest;
              }};
}

Setting size_setting(std::string_view name, std::uint64_t Options::*member, std::uint64_t smallest,
                     std::uint64_t largest, std::string_view help) {
  return {.name = name,
          .allowed = "a size such as 64KiB or 2GB, from " + show_size(smallest) + " to " +
                     show_size(largest),
          .help = help,
          .parse = [member](Options& options,
                            std::string_view text) { return parse_size(text, options.*member); },
          .show = [member](const Options& options) { return show_size(options.*member); },
          .accepts =
              [member, smallest, largest](const Options& options) {
                return options.*member >= smallest && options.*member <= largest;
              }};
}

constexpr std::array<std::string_view, 6> level_names{"trace",   "debug", "info",
                                                      "warning", "error", "off"};

Setting log_level_setting() {
  return {.name = "log_level",
          .allowed = "trace, debug, info, warning, error or off",
          .help = "How much is written to stderr.",
          .parse =
              [](Options& options, std::string_view text) {
                const std::string word = lower_case(text) == "warn" ? "warning" : lower_case(text);
                const auto* found = std::find(level_names.begin(), level_names.end(), word);
                if (found == level_names.end()) return false;
                options.log_level = static_cast<LogLevel>(found - level_names.begin());
                return true;
              },
          .show =
              [](const Options& options) {
                const auto index = static_cast<std::size_t>(options.log_level);
                return std::string(index < level_names.size() ? level_names[index] : "unknown");
              },
          .accepts = [](const Options& options) { return options.log_level <= LogLevel::off; }};
}

Setting rank0_works_setting() {
  return {.name = "rank0_works",
          .allowed = "on, off or auto",
          .help = "Whether rank 0 runs tasks too; auto: only in a world of one.",
          .parse =
              [](Options& options, std::string_view text) {
                bool value = false;
                if (lower_case(text) == "auto") {
                  options.rank0_works.reset();
                  return true;
                }
                if (!parse_bool(text, value)) return false;
                options.rank0_works = value;
                return true;
              },
          .show =
              [](const Options& options) {
                if (!options.rank0_works) return std::string("auto");
                return std::string(*options.rank0_works ? "on" : "off");
              }};
}

/// A number from 0 to 1 as it is written: digits and a point.
bool parse_fraction(std::string_view text, double& value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  return result.ec == std::errc{} && result.ptr == end;
}

Setting fraction_setting(std::string_view name, double Options::*member, std::string_view help) {
  return {
      .name = name,
      .allowed = "a number from 0 to 1 such as 0.7",
      .help = help,
      .parse = [member](Options& options,
                        std::string_view text) { return parse_fraction(text, options.*member); },
      .show =
          [member](const Options& options) {
            // The shortest text that gives the same number again.
            char text[32];
            const auto result =
                std::to_chars(text, text + sizeof(text), options.*member, std::chars_format::fixed);
            return std::string(text, result.ptr);
          },
      .accepts =
          [member](const Options& options) {
            return options.*member >= 0 && options.*member <= 1;
          }};
}

/// A limit as the user wrote it: bytes, or a fraction of the node's memory, or automatic (neither).
/// No limit is 0 bytes.
struct MemoryLimit {
  std::optional<std::uint64_t> bytes;
  std::optional<double> fraction;
};

constexpr std::uint64_t smallest_memory_limit = 1'000'000;

std::optional<MemoryLimit> parse_memory_limit(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || lower_case(text) == "auto") return MemoryLimit{};
  if (text == "0" || lower_case(text) == "none")
    return MemoryLimit{.bytes = 0, .fraction = std::nullopt};
  const char last = text.back();
  const bool plain_number = (last >= '0' && last <= '9') || last == '.';
  if (plain_number && text.find('.') != std::string_view::npos) {
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = result.ec == std::errc{} && result.ptr == text.data() + text.size();
    if (!whole || !(value > 0) || value > 1) return std::nullopt;
    return MemoryLimit{.bytes = std::nullopt, .fraction = value};
  }
  if (text == "1") return MemoryLimit{.bytes = std::nullopt, .fraction = 1.0};
  std::uint64_t bytes = 0;
  if (!parse_size(text, bytes) || bytes < smallest_memory_limit) return std::nullopt;
  return MemoryLimit{.bytes = bytes, .fraction = std::nullopt};
}

Setting memory_limit_setting() {
  Setting setting = text_setting(
      "memory_limit", &Options::memory_limit,
      "a size of at least 1MB such as 4GB or 512MiB, a fraction of the node's memory such as "
      "0.5, auto, or none",
      "Memory that one rank may take.");
  setting.accepts = [](const Options& options) {
    return parse_memory_limit(options.memory_limit).has_value();
  };
  return setting;
}

Setting resources_setting() {
  Setting setting = text_setting("resources", &Options::resources,
                                 "names and amounts of more than 0, such as gpu=2,license=0.5",
                                 "What this rank has for tasks that ask for it.");
  setting.accepts = [](const Options& options) {
    return parse_resources(options.resources).has_value();
  };
  setting.of_each_rank = true;
  return setting;
}

std::vector<Setting> make_settings() {
  constexpr std::uint64_t tebibyte = std::uint64_t{1} << 40;
  std::vector<Setting> all;
  all.push_back(
      text_setting("name", &Options::name, "any text", "Name of the run in logs and reports."));
  all.push_back(number_setting("threads_per_worker", &Options::threads_per_worker, 0, 1024,
                               "threads",
                               "Tasks that a worker runs at once; 0: the cores that it may use."));
  all.push_back(rank0_works_setting());
  all.push_back(memory_limit_setting());
  all.push_back(switch_setting("pin", &Options::pin, "Binds executor threads to cores."));
  all.push_back(number_setting("verbose", &Options::verbose, 0, 1, "",
                               "1: options, placement and counts are printed once."));
  all.push_back(switch_setting("serial", &Options::serial,
                               "Runs each task at submit, on the calling thread."));
  all.push_back(size_setting("inline_result_bytes", &Options::inline_result_bytes, 0, 32 * 1024,
                             "Results up to this size come back inside the completion."));
  all.push_back(size_setting("rank0_result_budget_bytes", &Options::rank0_result_budget_bytes, 0,
                             tebibyte, "Memory on rank 0 for results that came back that way."));
  all.push_back(number_setting("credit_time_us", &Options::credit_time_us, 10, 60'000'000,
                               "microseconds", "Estimated work that a worker may hold ahead."));
  all.push_back(number_setting("idle_spin_us", &Options::idle_spin_us, 0, 1'000'000, "microseconds",
                               "How long an idle rank looks for messages before it sleeps."));
  all.push_back(number_setting("keeper_interval_us", &Options::keeper_interval_us, 10, 1'000'000,
                               "microseconds",
                               "How long nobody may move messages before the keeper thread does."));
  all.push_back(
      number_setting("guard_closures", &Options::guard_closures, 0, 1'000'000'000, "closures",
                     "How many first closures of each function are searched for pointers."));
  all.push_back(switch_setting("validate", &Options::validate,
                               "Checks the whole state after every event; slow."));
  all.push_back(number_setting("watchdog_s", &Options::watchdog_s, 0, 86'400, "seconds",
                               "Ends a job that has work left of which nothing runs; 0: never."));
  all.push_back(number_setting("seed", &Options::seed, 0, std::numeric_limits<std::uint64_t>::max(),
                               "", "Key of the random numbers of tasks."));
  all.push_back(number_setting("max_waiting_tasks", &Options::max_waiting_tasks, 1, 65'536, "tasks",
                               "Tasks of a rank that may wait for tasks that they submitted."));
  all.push_back(log_level_setting());
  all.push_back(switch_setting("node_store", &Options::node_store,
                               "Large values lie once on a node, in memory that its ranks share."));
  all.push_back(switch_setting("huge_pages", &Options::huge_pages,
                               "Large memory is asked for in pages of 2 MiB."));
  all.push_back(fraction_setting("memory_target", &Options::memory_target,
                                 "Fraction of the memory limit from which on values are spilled; "
                                 "0: never."));
  all.push_back(fraction_setting("memory_spill", &Options::memory_spill,
                                 "The same for all memory of the process."));
  all.push_back(fraction_setting("memory_pause", &Options::memory_pause,
                                 "Fraction from which on no task is started; 0: never."));
  all.push_back(switch_setting("spill", &Options::spill,
                               "Whether values may be written to the local directory."));
  all.push_back(text_setting("local_directory", &Options::local_directory, "a directory",
                             "Where values are spilled to; default: $SLURM_TMPDIR, $TMPDIR, "
                             "/tmp."));
  all.push_back(size_setting("spill_limit", &Options::spill_limit, 0, 1024 * tebibyte,
                             "The most that one rank spills; 0: until the disk is full."));
  all.push_back(number_setting("cores_per_task", &Options::cores_per_task, 1, 1024, "cores",
                               "Cores of each task, where threads_per_worker is 0."));
  all.push_back(resources_setting());
  all.push_back(number_setting("walltime_s", &Options::walltime_s, 0, 31'536'000, "seconds",
                               "From the start to the end of the job; 0: Slurm or PBS is asked."));
  all.push_back(number_setting("walltime_margin_s", &Options::walltime_margin_s, 0, 86'400,
                               "seconds", "The run ends so long before the job."));
  all.push_back(text_setting("job_directory", &Options::job_directory, "a directory",
                             "Of a job of `tutti submit`: status and requests."));
  all.push_back(text_setting("journal", &Options::journal, "a path",
                             "Where results of work with a name are recorded; empty: nowhere."));
  all.push_back(switch_setting("journal_retry", &Options::journal_retry,
                               "Whether work that is recorded as failed is tried again."));
  return all;
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

/// Names that other programs set, and that are no options.
bool is_known_elsewhere(std::string_view variable) {
  static constexpr std::array<std::string_view, 8> names{
      "TUTTI_ROOT",    "TUTTI_DIR",       "TUTTI_HOME",   "TUTTI_VERSION",
      "TUTTI_TASK_ID", "TUTTI_TASK_SLOT", "TUTTI_CONFIG", "TUTTI_PROFILE"};
  return std::find(names.begin(), names.end(), variable) != names.end() ||
         variable.starts_with("TUTTI_TEST_") || variable.starts_with("TUTTI_JOBS_");
}

std::string unknown_variable(std::string_view variable) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.push_back(setting.variable());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view nearest = nearest_name(variable, known);
  std::string sentence = "the environment variable ";
  sentence.append(variable).append(" is not an option of tutti and has no effect");
  if (!nearest.empty()) sentence.append("; did you mean ").append(nearest).append("?");
  return sentence;
}

[[noreturn]] void bad_value(std::string_view where, std::string_view value,
                            const Setting& setting) {
  std::string sentence(where);
  sentence.append(" is '").append(value).append("', but it must be ").append(setting.allowed);
  throw Error(ErrorCode::bad_argument, sentence);
}

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  result.resize(std::max(width, result.size()), ' ');
  return result;
}

}  // namespace

Options options_from_environment(Options given, std::span<const std::string> environment,
                                 std::vector<std::string>& warnings) {
  std::vector<std::string_view> variables(settings().size());
  for (const std::string_view entry : environment) {
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with(prefix) || equals == std::string_view::npos) continue;
    const std::string_view variable = entry.substr(0, equals);
    const std::string_view value = trimmed(entry.substr(equals + 1));
    const auto found =
        std::find_if(settings().begin(), settings().end(),
                     [&](const Setting& setting) { return setting.variable() == variable; });
    if (found == settings().end()) {
      if (!is_known_elsewhere(variable)) warnings.push_back(unknown_variable(variable));
      continue;
    }
    if (value.empty()) continue;
    if (!found->parse(given, value) || !found->accepts(given)) {
      bad_value("the environment variable " + std::string(variable), value, *found);
    }
  }
  for (const Setting& setting : settings()) {
    if (!setting.accepts(given))
      bad_value("the option " + std::string(setting.name), setting.show(given), setting);
  }
  return given;
}

std::string describe(const Options& options) {
  std::string text;
  for (const Setting& setting : settings()) {
    const std::string value = setting.show(options);
    const std::string usual = setting.show(Options{});
    std::string line = padded(setting.name, 26) + "= " + value;
    if (value != usual)
      line = padded(line, 40) + " (changed, default: " + (usual.empty() ? "empty" : usual) + ")";
    while (line.ends_with(' ')) line.pop_back();
    text.append(line).append("\n");
  }
  return text;
}

std::string options_help() {
  std::string text;
  for (const Setting& setting : settings()) {
    const std::string usual = setting.show(Options{});
    text.append(setting.variable()).append("\n    ").append(setting.help);
    text.append("\n    Allowed: ").append(setting.allowed);
    text.append(". Default: ").append(usual.empty() ? "empty" : usual).append(".\n");
  }
  return text;
}

void encode(const Options& options, Writer& writer) {
  writer.count(settings().size());
  for (const Setting& setting : settings()) {
    writer.text(setting.name);
    writer.text(setting.show(options));
  }
}

Options decode_options(Reader& reader) {
  Options options;
  const std::uint64_t number = reader.count_of(2 * sizeof(std::uint64_t));
  if (number != settings().size()) {
    throw Error(ErrorCode::corrupt_data,
                "options of another rank have another number of entries than here");
  }
  for (const Setting& setting : settings()) {
    const std::string_view name = reader.text();
    const std::string_view value = reader.text();
    if (name != setting.name || !setting.parse(options, value) || !setting.accepts(options)) {
      throw Error(ErrorCode::corrupt_data, "options of another rank do not decode at the option " +
                                               std::string(setting.name));
    }
  }
  return options;
}

std::vector<std::string> differences(const Options& here, const Options& there) {
  std::vector<std::string> result;
  for (const Setting& setting : settings()) {
    if (setting.of_each_rank) continue;
    const std::string left = setting.show(here);
    const std::string right = setting.show(there);
    if (left == right) continue;
    std::string line(setting.name);
    line.append(": ").append(left.empty() ? "empty" : left).append(" here, ");
    line.append(right.empty() ? "empty" : right).append(" there");
    result.push_back(std::move(line));
  }
  return result;
}

bool parse_size(std::string_view text, std::uint64_t& bytes) {
  text = trimmed(text);
  double number = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (result.ec != std::errc{} || !(number >= 0)) return false;
  const std::string_view digits(text.data(), static_cast<std::size_t>(result.ptr - text.data()));
  std::string unit = lower_case(trimmed(text.substr(digits.size())));
  if (unit.ends_with('b')) unit.pop_back();
  const bool binary = unit.ends_with('i');
  if (binary) unit.pop_back();
  static constexpr std::string_view letters = "kmgtp";
  const bool scaled = unit.size() == 1 && letters.find(unit[0]) != std::string_view::npos;
  if (!scaled && (!unit.empty() || binary)) return false;
  std::uint64_t factor = 1;
  for (std::size_t i = 0; scaled && i <= letters.find(unit[0]); ++i) factor *= binary ? 1024 : 1000;
  std::uint64_t whole = 0;
  if (parse_integer(digits, whole)) {
    if (whole > std::numeric_limits<std::uint64_t>::max() / factor) return false;
    bytes = whole * factor;
    return true;
  }
  const double product = std::round(number * static_cast<double>(factor));
  if (!scaled || product >= 0x1p63) return false;
  bytes = static_cast<std::uint64_t>(product);
  return true;
}

std::uint64_t memory_limit_bytes(std::string_view memory_limit, std::uint64_t node_bytes,
                                 unsigned ranks_on_node) {
  const std::optional<MemoryLimit> limit = parse_memory_limit(memory_limit);
  if (!limit) {
    throw Error(ErrorCode::bad_argument,
                "the memory limit '" + std::string(memory_limit) +
                    "' is neither a size such as 4GB, nor a fraction such as 0.5, nor auto, nor "
                    "none");
  }
  if (limit->bytes) return *limit->bytes;
  if (limit->fraction)
    return static_cast<std::uint64_t>(static_cast<double>(node_bytes) * *limit->fraction);
  return node_bytes / std::max(1u, ranks_on_node);
}

}  // namespace tutti::base
