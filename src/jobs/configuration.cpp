#include "jobs/configuration.hpp"

#include "base/nearest_name.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <toml.hpp>
#include <utility>

namespace tutti::jobs {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(ErrorCode::bad_argument, sentence);
}

std::string place(std::string_view path, const toml::value& value) {
  return fmt::format("{}, line {}", path, value.location().line());
}

/// A single text, number or truth as text; nothing for anything else.
std::optional<std::string> single_text(const toml::value& value) {
  if (value.is_string()) return value.as_string().str;
  if (value.is_integer()) return std::to_string(value.as_integer());
  if (value.is_boolean()) return value.as_boolean() ? "true" : "false";
  return std::nullopt;
}

std::vector<std::string> list_texts(const toml::value& value, const std::string& where) {
  std::vector<std::string> texts;
  const bool right =
      value.is_array() && std::all_of(value.as_array().begin(), value.as_array().end(),
                                      [](const toml::value& each) { return each.is_string(); });
  if (!right) refuse(where + " must be a list of texts, such as [\"a\", \"b\"]");
  for (const toml::value& each : value.as_array()) texts.push_back(each.as_string().str);
  return texts;
}

/// A table NAME = "value", or a list of "NAME=value" and "NAME".
std::vector<std::string> variable_texts(const toml::value& value, const std::string& where) {
  if (!value.is_table()) return list_texts(value, where);
  std::vector<std::string> texts;
  for (const auto& [name, each] : value.as_table()) {
    const std::optional<std::string> text = single_text(each);
    if (!text) refuse(where + " must hold texts, such as NAME = \"value\"");
    texts.push_back(name + "=" + *text);
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::vector<std::string> texts_of(const JobSetting& setting, const toml::value& value,
                                  const std::string& where) {
  const std::string name = fmt::format("{}: {}", where, setting.name);
  if (setting.kind == SettingKind::list) return list_texts(value, name);
  if (setting.kind == SettingKind::variables) return variable_texts(value, name);
  const std::optional<std::string> text = single_text(value);
  if (!text) refuse(name + " must be one text, number or true or false");
  return {*text};
}

void add(SettingsLayer& layer, const std::string& name, const toml::value& value,
         std::string_view path) {
  const std::string where = place(path, value);
  layer.texts[name] = texts_of(job_setting_named(name, where), value, where);
}

/// Where a file says that a profile is.
void add_profiles(SettingsFile& file, const toml::value& profiles, std::string_view path) {
  if (!profiles.is_table()) refuse(place(path, profiles) + ": write [profile.NAME]");
  for (const auto& [name, profile] : profiles.as_table()) {
    if (!profile.is_table()) refuse(place(path, profile) + ": write [profile.NAME]");
    SettingsLayer& layer = file.profiles[name];
    layer.origin = fmt::format("{} [profile.{}]", path, name);
    for (const auto& [setting, value] : profile.as_table()) add(layer, setting, value, path);
  }
}

const std::string& profile_in_use(std::span<const SettingsFile> files, const std::string& profile) {
  if (!profile.empty()) return profile;
  const std::string* last = &profile;
  for (const SettingsFile& file : files) {
    if (!file.default_profile.empty()) last = &file.default_profile;
  }
  return *last;
}

[[noreturn]] void no_profile(std::span<const SettingsFile> files, const std::string& profile) {
  std::vector<std::string_view> names;
  std::string places;
  for (const SettingsFile& file : files) {
    places.append(places.empty() ? "" : ", ").append(file.top.origin);
    for (const auto& [name, layer] : file.profiles) names.push_back(name);
  }
  const std::string_view nearest = base::nearest_name(profile, names);
  std::string sentence = "there is no profile '" + profile + "'";
  if (!nearest.empty()) sentence.append("; did you mean '").append(nearest).append("'?");
  if (places.empty()) sentence += ", as there is no file of settings";
  refuse(places.empty() ? sentence : sentence + " (looked into " + places + ")");
}

}  // namespace

SettingsFile settings_file(std::string_view path, const std::string& text) {
  SettingsFile file;
  file.top.origin = path;
  toml::value parsed;
  try {
    std::istringstream stream(text);
    parsed = toml::parse(stream, std::string(path));
  } catch (const toml::exception& error) {
    refuse(fmt::format("{} is no TOML: {}", path, error.what()));
  }
  for (const auto& [name, value] : parsed.as_table()) {
    if (name == "default_profile" && value.is_string()) {
      file.default_profile = value.as_string().str;
    } else if (name == "profile") {
      add_profiles(file, value, path);
    } else {
      add(file.top, name, value, path);
    }
  }
  return file;
}

std::vector<SettingsLayer> environment_layers(std::span<const std::string> environment) {
  static constexpr std::string_view prefix = "TUTTI_JOBS_";
  std::vector<SettingsLayer> layers;
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with(prefix) || equals == std::string::npos) continue;
    const std::string variable = entry.substr(0, equals);
    const std::string value = entry.substr(equals + 1);
    if (value.empty()) continue;
    std::string name = variable.substr(prefix.size());
    for (char& letter : name) {
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    const JobSetting& setting = job_setting_named(name, "the environment variable " + variable);
    std::vector<std::string> texts{value};
    if (setting.kind == SettingKind::list || setting.kind == SettingKind::variables) {
      texts.clear();
      std::istringstream lines(value);
      for (std::string line; std::getline(lines, line);) texts.push_back(line);
    }
    layers.push_back({.origin = variable, .texts = {{name, texts}}});
  }
  return layers;
}

std::vector<SettingsLayer> layers_in_order(std::span<const SettingsFile> files,
                                           const std::string& profile,
                                           std::vector<SettingsLayer> above) {
  std::vector<SettingsLayer> layers;
  for (const SettingsFile& file : files) layers.push_back(file.top);
  const std::string& in_use = profile_in_use(files, profile);
  if (!in_use.empty()) {
    bool found = false;
    for (const SettingsFile& file : files) {
      const auto layer = file.profiles.find(in_use);
      if (layer == file.profiles.end()) continue;
      layers.push_back(layer->second);
      found = true;
    }
    if (!found) no_profile(files, in_use);
  }
  std::move(above.begin(), above.end(), std::back_inserter(layers));
  return layers;
}

JobRequest request_of(std::span<const SettingsLayer> layers) {
  JobRequest request;
  for (const SettingsLayer& layer : layers) {
    for (const auto& [name, texts] : layer.texts) {
      try {
        job_setting_named(name, layer.origin).apply(request, name, texts);
      } catch (const Error& error) {
        throw Error(error.code(), layer.origin + ": " + error.what());
      }
    }
  }
  return request;
}

std::string shown(std::span<const SettingsLayer> layers) {
  struct Line {
    std::string name;
    std::string value;
    std::string origin;
  };
  std::vector<Line> lines;
  std::size_t widest = 0;
  for (const JobSetting& setting : job_settings()) {
    for (std::size_t i = layers.size(); i-- > 0;) {
      const auto found = layers[i].texts.find(setting.name);
      if (found == layers[i].texts.end()) continue;
      std::string value;
      for (const std::string& text : found->second)
        value.append(value.empty() ? "" : ", ").append("'" + text + "'");
      lines.push_back(
          {std::string(setting.name), value.empty() ? "none" : value, layers[i].origin});
      widest = std::max(widest, lines.back().value.size());
      // Variables are put together from all layers.
      if (setting.kind != SettingKind::variables) break;
    }
  }
  std::string text;
  for (const Line& line : lines)
    text += fmt::format("{:<18} = {:<{}}  # {}\n", line.name, line.value,
                        std::min<std::size_t>(widest, 50), line.origin);
  return text;
}

}  // namespace tutti::jobs
