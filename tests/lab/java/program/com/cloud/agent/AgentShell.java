// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package com.cloud.agent;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import lab.ClassPath;
import lab.Http;
import lab.Plugin;
import lab.Reporter;
import lab.Settings;
import lab.StartFailure;

/**
 * Stands in for CloudStack's agent on a KVM host.
 *
 * It starts if every jar of its class path is sound and the classes that matter can be loaded, reports to the simulator
 * of CloudStack, and does what that answers: the StorPool driver of the class path is asked, and before it the iSCSI
 * adaptor, as the agent does (CloudStack KVMStoragePoolManager).
 */
public final class AgentShell {
    private static final String STORAGE = "com.cloud.hypervisor.kvm.storage.";
    private static final String DISCONNECT = "disconnectPhysicalDiskByPath";
    private static final String NOT_ISCSI = "/dev/storpool-byid/x";
    private static final String UNSUPPORTED = "Unsupported command issued: "
            + "com.cloud.agent.api.storage.StorPoolModifyStoragePoolCommand.  "
            + "Are you sure you got the right type of server?";
    /** A report is answered when there is work, or after so many seconds. */
    private static final int WAIT_SECONDS = 1;
    private static final long BETWEEN_MILLISECONDS = 50;
    private static final long TROUBLE_MILLISECONDS = 1000;
    /** A host without StorPool's configuration is asked for it again with every so many-th report. */
    private static final int LOOK_AGAIN = 10;
    private static final long STORPOOL_SECONDS = 20;

    private final Plugin driver;
    private final Plugin iscsi;
    private final Object adaptor;
    private final Object iscsiAdaptor;
    private final Object wrapper;
    private final Reporter reporter;
    private final Map<String, Object> facts = new LinkedHashMap<>();
    private final Set<String> begun = new HashSet<>();

    private AgentShell(Settings settings) throws StartFailure {
        String name = settings.name();
        System.setProperty("lab.host", name);
        driver = Plugin.find("StorageAdaptor", STORAGE + "StorPoolStorageAdaptor", STORAGE + "StorpoolStorageAdaptor");
        iscsi = Plugin.find("StorageAdaptor", STORAGE + "IscsiAdmStorageAdaptor");
        Plugin command = Plugin.find(
                "CommandWrapper", "com.cloud.hypervisor.kvm.resource.wrapper.StorPoolModifyStorageCommandWrapper");
        adaptor = driver == null ? null : driver.make();
        iscsiAdaptor = iscsi == null ? null : iscsi.make();
        wrapper = command == null ? null : command.make();
        reporter = new Reporter(settings.simulator(), "agents", name);
        facts.put("version", ClassPath.version(AgentShell.class));
        facts.put("address", reporter.address());
        facts.put("plugin_loaded", driver != null);
        facts.put("driver_jar", driver == null ? null : driver.jar);
        facts.put("driver_version", driver == null ? null : driver.version);
        facts.put("iscsi_jar", iscsi == null ? null : iscsi.jar);
        facts.put("iscsi_answer", iscsi == null ? null : disconnects(iscsiAdaptor, NOT_ISCSI));
    }

    public static void main(String[] arguments) throws InterruptedException {
        AgentShell agent;
        try {
            ClassPath.check();
            agent = new AgentShell(new Settings("agent.properties"));
        } catch (StartFailure failure) {
            System.err.println("Unable to start agent: " + failure.getMessage());
            System.exit(1);
            return;
        }
        System.err.println("Agent started: " + agent.facts);
        agent.reporter.sayGoodbyeAtTheEnd();
        agent.run();
    }

    private void run() throws InterruptedException {
        for (int count = 0; true; count++) {
            if (facts.get("storpool_cluster_id") == null && count % LOOK_AGAIN == 0) {
                readStorPool();
            }
            Map<?, ?> reply = reporter.report(with("wait", WAIT_SECONDS));
            if (reply != null) {
                begin((List<?>) reply.get("work"));
            }
            Thread.sleep(reply == null ? TROUBLE_MILLISECONDS : BETWEEN_MILLISECONDS);
        }
    }

    private void begin(List<?> work) {
        for (Object element : work) {
            Map<?, ?> task = (Map<?, ?>) element;
            if (begun.add((String) task.get("id"))) {
                Thread worker = new Thread(() -> answer(task));
                worker.setDaemon(true);
                worker.start();
            }
        }
    }

    private void answer(Map<?, ?> task) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", task.get("id"));
        String error;
        try {
            error = carryOut((String) task.get("do"), (String) task.get("volume"), (String) task.get("path"));
        } catch (StartFailure failure) {
            error = failure.getMessage();
        }
        System.err.println(task + ": " + (error == null ? "done" : error));
        answer.put("error", error);
        Map<String, Object> report = with("answers", Collections.singletonList(answer));
        try {
            while (reporter.report(report) == null) {
                Thread.sleep(TROUBLE_MILLISECONDS);
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    /** What is known of this agent, and one thing more. */
    private Map<String, Object> with(String member, Object value) {
        synchronized (facts) {
            Map<String, Object> members = new LinkedHashMap<>(facts);
            members.put(member, value);
            return members;
        }
    }

    /** Null for success, else the error. */
    private String carryOut(String what, String volume, String path) throws StartFailure {
        if ("connect".equals(what)) {
            if (volume == null) {
                return adaptor == null ? "no adaptor" : null;
            }
            return wrapper == null ? UNSUPPORTED : (String) call(wrapper, "execute", volume);
        }
        if ("detach".equals(what)) {
            boolean done = iscsiAdaptor != null && disconnects(iscsiAdaptor, path)
                    || adaptor != null && disconnects(adaptor, path);
            return done ? null : "no adaptor has disconnected " + path;
        }
        if ("attach".equals(what)) {
            return adaptor == null ? "no adaptor for " + path : (String) call(adaptor, "connectPhysicalDisk", path);
        }
        return "unknown work: " + what;
    }

    private static boolean disconnects(Object adaptor, String path) throws StartFailure {
        return (Boolean) call(adaptor, DISCONNECT, path);
    }

    private static Object call(Object receiver, String name, String argument) throws StartFailure {
        try {
            Method method = receiver.getClass().getMethod(name, String.class);
            return method.invoke(receiver, argument);
        } catch (InvocationTargetException thrown) {
            throw new StartFailure(receiver.getClass().getName() + "." + name + " failed", thrown.getCause());
        } catch (ReflectiveOperationException | LinkageError broken) {
            throw new StartFailure(receiver.getClass().getName() + "." + name + " cannot be called", broken);
        }
    }

    /** The ids of the client and the cluster, as storpool_confget says. */
    private void readStorPool() throws InterruptedException {
        Integer client = null;
        String cluster = null;
        try {
            Process process = new ProcessBuilder("storpool_confget").redirectError(ProcessBuilder.Redirect.INHERIT).start();
            process.getOutputStream().close();
            if (!process.waitFor(STORPOOL_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("storpool_confget does not end");
            }
            String output = new String(Http.read(process.getInputStream()), StandardCharsets.UTF_8);
            if (process.exitValue() == 0) {
                for (String line : output.split("\n")) {
                    String[] parts = line.trim().split("=", 2);
                    if (parts.length == 2 && "SP_CLUSTER_ID".equals(parts[0])) {
                        cluster = parts[1];
                    } else if (parts.length == 2 && "SP_OURID".equals(parts[0]) && parts[1].matches("[0-9]{1,6}")) {
                        client = Integer.valueOf(parts[1]);
                    }
                }
            }
        } catch (IOException missing) {
            System.err.println("No StorPool configuration: " + missing.getMessage());
        }
        synchronized (facts) {
            facts.put("client_id", client);
            facts.put("storpool_cluster_id", cluster);
        }
    }
}
