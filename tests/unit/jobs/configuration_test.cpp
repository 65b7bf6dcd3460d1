#include "jobs/configuration.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tutti;
using namespace tutti::jobs;

namespace {

const char* const site = R"(
queue = "normal"
cores = 48
max_nodes = 10
max_walltime = "48h"
modules = ["openmpi", "hdf5"]
env = { PROXY = "http://proxy" }
[profile.gadi]
scheduler = "pbs"
queue = "express"
interface = "ib0"
)";

const char* const user = R"(
default_profile = "gadi"
account = "vp91"
[profile.gadi]
memory = "192GB"
env = ["TOKEN", "PROXY=http://other"]
)";

std::vector<SettingsFile> files() {
  return {settings_file("/etc/tutti/config.toml", site), settings_file("~/config.toml", user)};
}

}  // namespace

TEST_CASE("later sources go over earlier ones, profiles over the tops of all files") {
  const std::vector<SettingsFile> both = files();
  const auto layers =
      layers_in_order(both, "", {{.origin = "--cores", .texts = {{"cores", {"24"}}}}});
  const JobRequest request = request_of(layers);
  CHECK(request.scheduler == "pbs");
  CHECK(request.options.queue == "express");
  CHECK(request.options.account == "vp91");
  CHECK(request.options.cores == 24);
  CHECK(request.options.memory == "192GB");
  CHECK(request.options.modules == std::vector<std::string>{"openmpi", "hdf5"});
  CHECK(request.limits == JobLimits{.nodes = 10, .walltime_s = 48 * 3600});
  CHECK(request.options.env ==
        std::vector<JobVariable>{{"PROXY", "http://other"}, {"TOKEN", std::nullopt}});
}

TEST_CASE("each value is shown with its origin") {
  const std::vector<SettingsFile> both = files();
  const std::string text = shown(layers_in_order(both, "", {}));
  CHECK(text.find("queue              = 'express'") != std::string::npos);
  CHECK(text.find("# /etc/tutti/config.toml [profile.gadi]") != std::string::npos);
  CHECK(text.find("# ~/config.toml\n") != std::string::npos);
  CHECK(text.find("'normal'") == std::string::npos);
}

TEST_CASE("an unknown setting is an error with file, line and the nearest name") {
  const auto refused = [](const char* text, const char* words) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(settings_file("c.toml", text), doctest::Contains(words), Error);
  };
  refused("\nnodez = 4", "c.toml, line 2: there is no setting 'nodez'; did you mean 'nodes'?");
  refused("partition = \"a\"", "did you mean 'queue'?");
  refused("job_extra_directives = []", "did you mean 'extra'?");
  refused("[profile.a]\nqeue = \"x\"", "did you mean 'queue'?");
  refused("modules = \"hdf5\"", "must be a list of texts");
  refused("queue = [\"a\"]", "queue must be one text");
  refused("queue = ", "is no TOML");
  refused("profile = 3", "write [profile.NAME]");
}

TEST_CASE("an unknown profile is an error with the nearest name") {
  const std::vector<SettingsFile> both = files();
  CHECK_THROWS_WITH_AS(layers_in_order(both, "gadj", {}), doctest::Contains("did you mean 'gadi'?"),
                       Error);
  CHECK_THROWS_WITH_AS(layers_in_order({}, "gadi", {}),
                       doctest::Contains("there is no file of settings"), Error);
}

TEST_CASE("the environment gives settings, and an unknown one is an error") {
  const std::vector<std::string> entries{"TUTTI_JOBS_QUEUE=fast", "PATH=/bin",
                                         "TUTTI_JOBS_MODULES=a\nb", "TUTTI_JOBS_NAME="};
  const JobRequest request = request_of(environment_layers(entries));
  CHECK(request.options.queue == "fast");
  CHECK(request.options.modules == std::vector<std::string>{"a", "b"});
  CHECK(request.options.name == "tutti");
  CHECK_THROWS_WITH_AS(environment_layers(std::vector<std::string>{"TUTTI_JOBS_QEUE=x"}),
                       doctest::Contains("did you mean 'queue'?"), Error);
}

TEST_CASE("a bad value names its origin") {
  const std::vector<SettingsLayer> layers{{.origin = "--nodes", .texts = {{"nodes", {"many"}}}}};
  CHECK_THROWS_WITH_AS(request_of(layers),
                       "--nodes: the option nodes is 'many', but must be a whole number from 0 to "
                       "1000000",
                       Error);
}

TEST_CASE("every setting has an option and a variable") {
  CHECK(option_of(job_setting_named("ranks_per_node", "test")) == "--ranks-per-node");
  CHECK(variable_of(job_setting_named("ranks_per_node", "test")) == "TUTTI_JOBS_RANKS_PER_NODE");
}
