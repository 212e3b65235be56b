// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

import java.io.File;
import java.util.ArrayList;
import java.util.List;

/** The class that answers for something, of all that the class path has. */
public final class Plugin {
    public final Class<?> type;
    public final File jar;
    public final String version;

    private Plugin(Class<?> type) throws StartFailure {
        this.type = type;
        this.jar = ClassPath.origin(type);
        this.version = ClassPath.version(type);
    }

    /**
     * Loads and initialises the first of these classes that there is; null if there is none.
     *
     * Several copies are no failure: one of them answers, and the log says which.
     */
    public static Plugin find(String what, String... names) throws StartFailure {
        Plugin found = null;
        List<File> copies = new ArrayList<>();
        for (String name : names) {
            copies.addAll(ClassPath.having(name));
            try {
                Plugin plugin = new Plugin(Class.forName(name));
                found = found == null ? plugin : found;
            } catch (ClassNotFoundException missing) {
                continue;
            } catch (LinkageError broken) {
                throw new StartFailure("cannot load the " + what + " " + name + " of " + ClassPath.having(name), broken);
            }
        }
        if (copies.size() > 1) {
            System.err.println("Duplicate " + what + " in " + copies + ": that of " + found.jar + " is used");
        }
        return found;
    }

    /** An object of the class. */
    public Object make() throws StartFailure {
        try {
            return type.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException | LinkageError broken) {
            throw new StartFailure("cannot make a " + type.getName() + " of " + jar, broken);
        }
    }
}
