// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The jars that this process was started with; wildcards are expanded by then. */
public final class ClassPath {
    private ClassPath() {
    }

    /** All jars, in the order in which classes are looked for. */
    public static List<File> jars() {
        List<File> found = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            File file = new File(entry);
            if (!entry.isEmpty() && file.isFile()) {
                found.add(file);
            }
        }
        return found;
    }

    /** Reads every entry of every jar, so that a damaged one is found before a class of it is needed. */
    public static void check() throws StartFailure {
        byte[] buffer = new byte[8192];
        for (File jar : jars()) {
            try (ZipFile zip = new ZipFile(jar)) {
                Enumeration<? extends ZipEntry> entries = zip.entries();
                while (entries.hasMoreElements()) {
                    try (InputStream content = zip.getInputStream(entries.nextElement())) {
                        while (content.read(buffer) >= 0) {
                            continue;
                        }
                    }
                }
            } catch (IOException problem) {
                throw new StartFailure("cannot read the jar " + jar, problem);
            }
        }
    }

    /** The jars that have this class. */
    public static List<File> having(String className) throws StartFailure {
        List<File> found = new ArrayList<>();
        for (File jar : jars()) {
            try (ZipFile zip = new ZipFile(jar)) {
                if (zip.getEntry(className.replace('.', '/') + ".class") != null) {
                    found.add(jar);
                }
            } catch (IOException problem) {
                throw new StartFailure("cannot read the jar " + jar, problem);
            }
        }
        return found;
    }

    /** The file that a class was loaded from. */
    public static File origin(Class<?> type) {
        return new File(type.getProtectionDomain().getCodeSource().getLocation().getPath());
    }

    /** Implementation-Version of the jar that a class was loaded from; null if it has none. */
    public static String version(Class<?> type) throws StartFailure {
        File jar = origin(type);
        if (!jar.isFile()) {
            return null;
        }
        try (JarFile file = new JarFile(jar)) {
            Manifest manifest = file.getManifest();
            return manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.IMPLEMENTATION_VERSION);
        } catch (IOException problem) {
            throw new StartFailure("cannot read the jar " + jar, problem);
        }
    }
}
