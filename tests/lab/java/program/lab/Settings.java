// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Properties;

/** A properties file of the class path: where the simulator is, and what this host is called. */
public final class Settings {
    private static final String HOST_NAME = "/proc/sys/kernel/hostname";
    private final Properties values = new Properties();
    private final String file;

    public Settings(String file) throws StartFailure {
        this.file = file;
        try (InputStream content = Settings.class.getClassLoader().getResourceAsStream(file)) {
            if (content == null) {
                throw new StartFailure("there is no " + file + " on the class path");
            }
            values.load(content);
        } catch (IOException problem) {
            throw new StartFailure("cannot read " + file, problem);
        }
    }

    public String get(String key, String otherwise) {
        String value = values.getProperty(key, "").trim();
        return value.isEmpty() ? otherwise : value;
    }

    /** The key `simulator`: an address such as http://10.1.1.1:8080. */
    public URI simulator() throws StartFailure {
        String address = get("simulator", null);
        if (address == null) {
            throw new StartFailure(file + " has no simulator=http://HOST:PORT");
        }
        try {
            return URI.create(address.endsWith("/") ? address : address + "/");
        } catch (IllegalArgumentException problem) {
            throw new StartFailure(file + ": simulator is not an address", problem);
        }
    }

    /** The key `name`, else what the host calls itself. */
    public String name() throws StartFailure {
        try {
            String own = new String(Files.readAllBytes(Paths.get(HOST_NAME)), StandardCharsets.UTF_8).trim();
            return get("name", own);
        } catch (IOException problem) {
            throw new StartFailure("cannot read " + HOST_NAME, problem);
        }
    }
}
