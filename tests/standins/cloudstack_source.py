# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes small source trees that look like CloudStack's: ``python -m standins.cloudstack_source DIRECTORY --version 4.11.3.0 [options]``.

The names of modules, artifacts and classes are the documented ones, and the Java in them is our own. Maven builds them as it builds CloudStack: the
checkstyle rules are an artifact of the tree, and a run in the phase validate refuses trailing white space. All class files are for Java 8.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

GROUP = "org.apache.cloudstack"
KVM = "plugins/hypervisors/kvm"
STORPOOL = "plugins/storage/volume/storpool"
ADAPTOR = "com/cloud/hypervisor/kvm/storage/IscsiAdmStorageAdaptor.java"
#: What the plugin of its own repository reads of its git.properties when its class is loaded.
GIT_KEYS = ("git.commit.id.describe-short", "git.build.time", "git.build.version")

#: Versions of Maven's plugins. Few and small ones, since each is downloaded on a machine that has built nothing before.
PLUGINS = {
    "maven-resources-plugin": "2.7",
    "maven-compiler-plugin": "3.2",
    "maven-jar-plugin": "2.5",
    "maven-install-plugin": "2.5.2",
    "maven-checkstyle-plugin": "2.17",
}
UNUSED = {
    "maven-resources-plugin": "testResources",
    "maven-compiler-plugin": "testCompile",
    "maven-surefire-plugin": "test",
}
MANAGED = "".join(
    f"        <plugin><groupId>org.apache.maven.plugins</groupId><artifactId>{name}</artifactId><version>{version}</version></plugin>\n"
    for name, version in PLUGINS.items()
)
LEFT_OUT = "".join(
    f"      <plugin><groupId>org.apache.maven.plugins</groupId><artifactId>{name}</artifactId><executions><execution>"
    f"<id>default-{goal}</id><phase>none</phase></execution></executions></plugin>\n"
    for name, goal in UNUSED.items()
)


def tree(version: str, storpool: bool | None = None, listed: bool = True, git: bool = False) -> dict[str, str]:
    """The files of a source tree, by path.

    The StorPool plugin is in it from 4.17 on, unless ``storpool`` says otherwise. If it is not ``listed``, no pom names it as a module. ``git``: it
    needs ``git.properties``.
    """
    release = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    sources = "src/main/java" if release >= (4, 12) else "src"
    has_storpool = release >= (4, 17) if storpool is None else storpool
    modules = ["hypervisors/kvm", *(["storage/volume/storpool"] if has_storpool and listed else [])]
    files = {
        "pom.xml": _root(version),
        "tools/checkstyle/pom.xml": _checkstyle(version),
        "tools/checkstyle/src/main/resources/cloud-style.xml": RULES,
        "plugins/pom.xml": _plugins(version, modules),
        f"{KVM}/pom.xml": _module("cloud-plugin-hypervisor-kvm", version, "../../pom.xml", sources),
        f"{KVM}/{sources}/{ADAPTOR}": adaptor(answer=release < (4, 12)),
    }
    if has_storpool:
        files.update(
            {f"{STORPOOL}/{path}": text for path, text in plugin(version, "../../../pom.xml", sources, git).items()}
        )
    return files


def plugin(
    version: str, parent: str = "../../git/plugins/pom.xml", sources: str = "src", git: bool = True
) -> dict[str, str]:
    """The files of the StorPool plugin, as they are in a repository of its own unless told otherwise."""
    provider = "org/apache/cloudstack/storage/datastore/provider/StorpoolPrimaryDataStoreProvider.java"
    return {
        "pom.xml": _module(
            "cloud-plugin-storage-volume-storpool", version, parent, sources, GIT_PLUGIN if git else "", depends=True
        ),
        f"{sources}/{provider}": _provider(git),
    }


def adaptor(answer: bool = True) -> str:
    """The iSCSI adaptor, with this answer for a path that is not iSCSI."""
    return f"""\
package com.cloud.hypervisor.kvm.storage;

public class IscsiAdmStorageAdaptor {{
    // return true; is what a comment may say
    private static final String NOTE = "boolean disconnectPhysicalDiskByPath(String localPath) {{ return true;";

    public boolean disconnectPhysicalDisk(String host, int port, String iqn, String lun) {{
        return true;
    }}

    public boolean disconnectPhysicalDiskByPath(String localPath) {{
        String search1 = "/dev/disk/by-path/ip-";
        String search2 = ":";
        String search3 = "-iscsi-";
        String search4 = "-lun-";

        if (localPath.indexOf(search3) == -1) {{
            // the path of another adaptor
            return {str(answer).lower()};
        }}

        int colon = localPath.indexOf(search2);
        int mark = localPath.indexOf(search3);
        int lun = localPath.indexOf(search4);
        int port = Integer.parseInt(localPath.substring(colon + 1, mark));
        String iqn = localPath.substring(mark + search3.length(), lun);
        return disconnectPhysicalDisk(localPath.substring(search1.length(), colon), port, iqn, localPath.substring(lun + search4.length()));
    }}
}}
"""


def _provider(git: bool) -> str:
    loading = """
    private static final java.io.InputStream GIT = StorpoolPrimaryDataStoreProvider.class.getClassLoader().getResourceAsStream("git.properties");

    static {
        if (GIT == null) {
            throw new RuntimeException("no git.properties");
        }
    }
"""
    return f"""\
package org.apache.cloudstack.storage.datastore.provider;

public class StorpoolPrimaryDataStoreProvider {{{loading if git else ""}
    public String getName() {{
        return "StorPool";
    }}
}}
"""


def _project(body: str) -> str:
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
{body}</project>
"""


def _parent(artifact: str, version: str, path: str) -> str:
    return f"""\
  <parent>
    <groupId>{GROUP}</groupId>
    <artifactId>{artifact}</artifactId>
    <version>{version}</version>
    <relativePath>{path}</relativePath>
  </parent>
"""


def _modules(names: list[str]) -> str:
    return "".join(["  <modules>\n", *(f"    <module>{name}</module>\n" for name in names), "  </modules>\n"])


def _root(version: str) -> str:
    return _project(f"""\
  <groupId>{GROUP}</groupId>
  <artifactId>cloudstack</artifactId>
  <version>{version}</version>
  <packaging>pom</packaging>
{_modules(["tools/checkstyle", "plugins"])}  <properties>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
    <maven.compiler.source>8</maven.compiler.source>
    <maven.compiler.target>8</maven.compiler.target>
  </properties>
  <build>
    <pluginManagement>
      <plugins>
{MANAGED}      </plugins>
    </pluginManagement>
    <plugins>
{LEFT_OUT}      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-jar-plugin</artifactId>
        <configuration><archive>
          <addMavenDescriptor>false</addMavenDescriptor>
          <manifest><addDefaultImplementationEntries>true</addDefaultImplementationEntries></manifest>
        </archive></configuration>
      </plugin>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-checkstyle-plugin</artifactId>
        <dependencies>
          <dependency><groupId>{GROUP}</groupId><artifactId>checkstyle</artifactId><version>${{project.version}}</version></dependency>
        </dependencies>
        <executions>
          <execution>
            <id>cloudstack-checkstyle</id>
            <phase>validate</phase>
            <goals><goal>check</goal></goals>
            <configuration>
              <configLocation>cloud-style.xml</configLocation>
              <consoleOutput>true</consoleOutput>
              <failsOnError>true</failsOnError>
            </configuration>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
  <profiles><profile><id>developer</id></profile></profiles>
""")


def _plugins(version: str, modules: list[str]) -> str:
    return _project(
        _parent("cloudstack", version, "../pom.xml")
        + "  <artifactId>cloudstack-plugins</artifactId>\n  <packaging>pom</packaging>\n"
        + _modules(modules)
    )


def _checkstyle(version: str) -> str:
    """The module with the rules. It has no parent, since the parent of all others needs it to be built."""
    return _project(f"""\
  <groupId>{GROUP}</groupId>
  <artifactId>checkstyle</artifactId>
  <version>{version}</version>
  <properties><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
  <build>
    <pluginManagement>
      <plugins>
{MANAGED}      </plugins>
    </pluginManagement>
    <plugins>
{LEFT_OUT}    </plugins>
  </build>
""")


RULES = """\
<?xml version="1.0"?>
<!DOCTYPE module PUBLIC "-//Puppy Crawl//DTD Check Configuration 1.3//EN" "http://www.puppycrawl.com/dtds/configuration_1_3.dtd">
<module name="Checker">
  <module name="RegexpSingleline">
    <property name="format" value="\\s+$"/>
    <property name="message" value="Line has trailing spaces."/>
  </module>
</module>
"""
DEPENDENCY = f"""\
  <dependencies>
    <dependency>
      <groupId>{GROUP}</groupId>
      <artifactId>cloud-plugin-hypervisor-kvm</artifactId>
      <version>${{project.version}}</version>
    </dependency>
  </dependencies>
"""
GIT_PLUGIN = """\
    <plugins>
      <plugin>
        <groupId>pl.project13.maven</groupId>
        <artifactId>git-commit-id-plugin</artifactId>
        <version>2.2.6</version>
        <executions><execution><goals><goal>revision</goal></goals></execution></executions>
        <configuration>
          <dotGitDirectory>${project.basedir}/.git</dotGitDirectory>
          <generateGitPropertiesFile>true</generateGitPropertiesFile>
          <generateGitPropertiesFilename>${project.build.outputDirectory}/git.properties</generateGitPropertiesFilename>
          <format>json</format>
          <gitDescribe><skip>false</skip><always>false</always></gitDescribe>
        </configuration>
      </plugin>
    </plugins>
"""


def _module(artifact: str, version: str, parent: str, sources: str, plugins: str = "", depends: bool = False) -> str:
    return _project(
        _parent("cloudstack-plugins", version, parent)
        + f"  <artifactId>{artifact}</artifactId>\n"
        + (DEPENDENCY if depends else "")
        + f"  <build>\n    <sourceDirectory>{sources}</sourceDirectory>\n{plugins}  </build>\n"
    )


def write(directory: Path, files: dict[str, str]) -> None:
    """Make the files below a directory."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="standins.cloudstack_source", description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="where to make the tree")
    parser.add_argument("--version", required=True, help="the version of CloudStack, such as 4.11.3.0")
    parser.add_argument(
        "--plugin", action="store_true", help="make the StorPool plugin of a repository of its own, not a tree"
    )
    parser.add_argument("--git", action="store_true", help="the StorPool plugin needs git.properties")
    parser.add_argument("--storpool", action="store_true", help="put the StorPool plugin into a tree before 4.17")
    parser.add_argument("--unlisted", action="store_true", help="do not name the StorPool plugin as a module")
    arguments = parser.parse_args()
    if arguments.plugin:
        files = plugin(arguments.version, git=arguments.git)
    else:
        files = tree(arguments.version, arguments.storpool or None, not arguments.unlisted, arguments.git)
    write(arguments.directory, files)


if __name__ == "__main__":
    main()
